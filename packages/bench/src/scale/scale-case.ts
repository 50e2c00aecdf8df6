/** How much a broker has to keep, and to have again after a restart. */
export interface ScaleCase {
  readonly name: string;
  /** MQTT sessions that are kept while their clients are away. */
  readonly sessions: number;
  /** Topic filters of each session; every tenth holds a wildcard. */
  readonly filtersEach: number;
  /** Topics with a retained message of 64 bytes. */
  readonly retained: number;
}

/** Not part of the table of cases: what is asked here is memory and time, not traffic. */
export const scaleCases: readonly ScaleCase[] = [
  { name: "scale-small", sessions: 1_000, filtersEach: 10, retained: 10_000 },
  { name: "scale-retained", sessions: 0, filtersEach: 0, retained: 1_000_000 },
  { name: "scale-sessions", sessions: 100_000, filtersEach: 1, retained: 1_000_000 },
  { name: "scale-subscriptions", sessions: 10_000, filtersEach: 100, retained: 1_000_000 },
];
