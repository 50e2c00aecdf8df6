import { decodeRun, type EntryHead } from "./entry-record.ts";
import { afterRunsAt, decodeRunKey, entryKey, type Run } from "./keys.ts";
import type { Lane } from "./lane.ts";
import type { Tables } from "./store.ts";

const HOLE_BYTES = 32;

/** A run and which of its entries are gone. */
interface PartialRun {
  readonly run: Run;
  readonly holes: Buffer;
  readonly hadHoles: boolean;
}

type LanePlace = Pick<Lane, "queue" | "number">;

/** The run that an entry of this position is in, if it is stored. */
export function findRun(tables: Tables, { queue, number }: LanePlace, position: number): Run | undefined {
  const start = afterRunsAt(queue, number, position);
  const end = entryKey(queue, number, 0);
  for (const key of tables.entries.getKeys({ start, end, reverse: true, limit: 1 })) {
    const run = decodeRunKey(key);
    return run.last >= position ? run : undefined;
  }
  return undefined;
}

/** The runs with entries from `first` to `last`, in order. */
export function* runsBetween(
  tables: Tables,
  { queue, number }: LanePlace,
  first: number,
  last: number,
): Generator<{ readonly run: Run; readonly value: Buffer }, void> {
  const start = findRun(tables, { queue, number }, first)?.key ?? entryKey(queue, number, first);
  const end = afterRunsAt(queue, number, last);
  for (const { key, value } of tables.entries.getRange({ start, end })) {
    yield { run: decodeRunKey(key), value };
  }
}

/** The entries of a run that are not gone. */
export function liveEntries(tables: Tables, run: Run, value: Buffer): EntryHead[] {
  const entries = decodeRun(run.first, value);
  const holes = tables.holes.get(run.key);
  if (holes === undefined) return entries;
  return entries.filter(({ position }) => !hasHole(holes, position - run.first));
}

/**
 * The removals of one commit. An entry that goes leaves a hole in its run, which goes with its last entry;
 * where entries go in order, as they mostly do, few holes are ever written.
 */
export class RunRemovals {
  readonly #tables: Tables;
  readonly #partial = new Map<string, PartialRun>();
  #latest: PartialRun | undefined;
  #latestLane: LanePlace | undefined;

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  /** The entries of all these positions; where there is none, nothing happens. */
  remove(lane: LanePlace, first: number, last: number = first): void {
    for (let position = first; position <= last;) {
      const partial = this.#partialAt(lane, position);
      const { run, holes } = partial ?? {};
      const end = Math.min(last, run?.last ?? position);
      if (run !== undefined && holes !== undefined) setHoles(holes, position - run.first, end - run.first);
      position = end + 1;
    }
  }

  /** All entries of the run. */
  removeRun(run: Run): void {
    this.#partial.delete(run.key.toString("latin1"));
    if (this.#latest?.run.key.equals(run.key) === true) this.#latest = undefined;
    void this.#tables.entries.remove(run.key);
    void this.#tables.holes.remove(run.key);
  }

  write(): void {
    const { entries, holes } = this.#tables;
    for (const { run, holes: found, hadHoles } of this.#partial.values()) {
      if (countHoles(found) < run.count) {
        void holes.put(run.key, found);
      } else {
        void entries.remove(run.key);
        if (hadHoles) void holes.remove(run.key);
      }
    }
  }

  #partialAt(lane: LanePlace, position: number): PartialRun | undefined {
    const latest = this.#latest;
    if (latest !== undefined && lane === this.#latestLane) {
      if (position >= latest.run.first && position <= latest.run.last) return latest;
    }
    const run = findRun(this.#tables, lane, position);
    if (run === undefined) return undefined;
    const name = run.key.toString("latin1");
    let partial = this.#partial.get(name);
    if (partial === undefined) {
      const stored = this.#tables.holes.get(run.key);
      partial = { run, holes: stored ?? Buffer.alloc(HOLE_BYTES), hadHoles: stored !== undefined };
      this.#partial.set(name, partial);
    }
    this.#latest = partial;
    this.#latestLane = lane;
    return partial;
  }
}

function hasHole(holes: Buffer, index: number): boolean {
  return ((holes[index >> 3] ?? 0) & (1 << (index & 7))) !== 0;
}

function setHoles(holes: Buffer, first: number, last: number): void {
  for (let index = first; index <= last; index++) {
    holes[index >> 3] = (holes[index >> 3] ?? 0) | (1 << (index & 7));
  }
}

function countHoles(holes: Buffer): number {
  let count = 0;
  for (const byte of holes) {
    for (let bits = byte; bits !== 0; bits &= bits - 1) count++;
  }
  return count;
}
