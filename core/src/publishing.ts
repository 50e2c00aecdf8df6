/** What became of a publish, as soon as it was routed. */
export type PublishOutcome =
  /** At least one queue or subscriber took it. */
  | "routed"
  /** Nothing was bound that selects it. */
  | "unroutable"
  /** A queue that refuses when full was full. */
  | "overflow"
  /** Our side failed to store it: it may be published again. */
  | "unavailable";
