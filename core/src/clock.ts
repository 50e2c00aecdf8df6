/** Ends what was scheduled. Calling it again, or too late, does nothing. */
export type Cancel = () => void;

/** Time, as the core may know it: it owns no timer of the system, so that a test's day takes no time. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls `task` once, `delayMs` from now or a little later. */
  after(delayMs: number, task: () => void): Cancel;
}
