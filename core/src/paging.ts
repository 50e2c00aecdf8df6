/** How much of a line may be in memory. */
export interface LineWindow {
  readonly entries: number;
  /** Bytes of bodies and properties. */
  readonly bytes: number;
}

/** How much of a queue that is stored is in memory, for each of its priorities. */
export interface Paging {
  /** A line that grows beyond this lets go of its end. */
  readonly largest: LineWindow;
  /** What it keeps then. */
  readonly kept: LineWindow;
  /** With less than that the next are read. Little: what waits in memory for long costs the collector most. */
  readonly ahead: LineWindow;
  /** What it keeps when the broker is short of memory. */
  readonly smallest: LineWindow;
  /** How far is looked for a message that a selective consumer wants, past those that nobody wants. */
  readonly search: LineWindow;
  /** What is read at a time. */
  readonly read: LineWindow;
}

export const STANDARD_PAGING: Paging = {
  largest: { entries: 32_768, bytes: 16 * 2 ** 20 },
  kept: { entries: 8_192, bytes: 4 * 2 ** 20 },
  ahead: { entries: 1_024, bytes: 2 ** 20 },
  smallest: { entries: 64, bytes: 64 * 2 ** 10 },
  search: { entries: 65_536, bytes: 64 * 2 ** 20 },
  read: { entries: 512, bytes: 2 ** 20 },
};
