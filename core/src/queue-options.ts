/** Where a queue sends what it does not keep. */
export interface DeadLetter {
  readonly exchange: string;
  /** The routing key to use, levels joined by "."; without it the message keeps its own. */
  readonly key?: string | undefined;
}

/**
 * What happens when a queue is at its limit: the oldest message goes, or the new one is refused, in the
 * last case to the dead-letter exchange.
 */
export type OverflowPolicy = "drop-head" | "reject-publish" | "reject-publish-dead-letter";

/** A work queue gives each message to one consumer; a stream gives every message to all, again and again. */
export type QueueKind = "queue" | "stream";

export interface QueueOptions {
  /** A work queue when it is not given. A stream only heeds the options that say so. */
  readonly kind?: QueueKind | undefined;
  /** Survives a restart, with its durable messages; a stream with all messages. */
  readonly durable: boolean;
  /** Belongs to one connection and ends with it. */
  readonly exclusive: boolean;
  /** Deleted when its last consumer goes. */
  readonly autoDelete: boolean;
  /** Messages older than this many milliseconds are dropped when they reach the head. */
  readonly messageTtlMs?: number | undefined;
  /** Deleted after this many milliseconds without a consumer, a get or a declaration. */
  readonly expiresMs?: number | undefined;
  /** Messages ready for delivery, at most; a stream drops its oldest. */
  readonly maxLength?: number | undefined;
  /** Bytes of the bodies of messages ready for delivery, at most; a stream drops its oldest, but never its last. */
  readonly maxBytes?: number | undefined;
  /** A stream drops messages that are older than this many milliseconds. */
  readonly maxAgeMs?: number | undefined;
  readonly overflow?: OverflowPolicy | undefined;
  readonly deadLetter?: DeadLetter | undefined;
  /** 1 to 255: messages of higher priority come first; without it all are equal. */
  readonly maxPriority?: number | undefined;
  /** One consumer at a time gets messages; the next takes over when it goes. */
  readonly singleActiveConsumer?: boolean | undefined;
  /** A message that came back more often than this is dead-lettered. */
  readonly deliveryLimit?: number | undefined;
  /** Messages that are only worth at-most-once delivery are dropped while no consumer is there. */
  readonly dropsQos0WhenIdle?: boolean | undefined;
  /** What the protocol that declared it wants kept; compared as text for equivalence. */
  readonly extra?: string | undefined;
}

/** The first option in which two declarations differ, compared by value; undefined when none does. */
export function differingQueueOption(
  existing: QueueOptions,
  wanted: QueueOptions,
): keyof QueueOptions | undefined {
  const names = [
    "durable",
    "exclusive",
    "autoDelete",
    "messageTtlMs",
    "expiresMs",
    "maxLength",
    "maxBytes",
    "maxAgeMs",
    "overflow",
    "maxPriority",
    "singleActiveConsumer",
    "deliveryLimit",
    "dropsQos0WhenIdle",
    "extra",
  ] as const;
  if ((existing.kind ?? "queue") !== (wanted.kind ?? "queue")) return "kind";
  const differing = names.find((name) => existing[name] !== wanted[name]);
  if (differing !== undefined) return differing;
  const a = existing.deadLetter;
  const b = wanted.deadLetter;
  return a?.exchange === b?.exchange && a?.key === b?.key ? undefined : "deadLetter";
}
