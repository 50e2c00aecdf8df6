import { entryKey, positionOf, type Run } from "./keys.ts";
import type { GarbageRange, Lane } from "./lane.ts";
import { liveEntries, type RunRemovals, runsBetween } from "./runs.ts";
import type { Tables } from "./store.ts";

/** Runs deleted in one commit, at most. */
const RUNS_PER_COMMIT = 256;

/** A forgotten range of a lane; the lane itself may be gone. */
interface Garbage extends GarbageRange {
  readonly queue: number;
  readonly number: number;
  readonly lane: Lane | undefined;
}

/**
 * Deletes forgotten ranges little by little, in the commits of others. What is forgotten is written down
 * first, so a range that takes many commits is continued after a restart.
 */
export class Sweeper {
  #gathering: Garbage[] = [];
  #underWay: Garbage[] = [];
  #waiting: Garbage[] = [];
  /** How many of those that wait are done with the commit under way. */
  #sweptCount = 0;

  /** Something is left to delete. */
  get isBusy(): boolean {
    return this.#waiting.length > 0;
  }

  add(lane: Lane, { first, last }: GarbageRange): void {
    this.#gathering.push({ queue: lane.queue, number: lane.number, lane, first, last });
  }

  /** Finds what a former process left. Returns the largest number of a queue in it. */
  load(tables: Tables, laneOf: (queue: number, number: number) => Lane | undefined): number {
    let largest = 0;
    for (const { key, value } of tables.garbage.getRange({ start: Buffer.of(0) })) {
      const [queue, number] = [key.readUInt32BE(0), key.readUInt8(4)];
      const lane = laneOf(queue, number);
      const range = { first: value.readUIntBE(0, 6), last: positionOf(key) };
      if (lane !== undefined) lane.garbage = [...lane.garbage, range];
      this.#waiting.push({ queue, number, lane, ...range });
      largest = Math.max(largest, queue);
    }
    return largest;
  }

  seal(): void {
    this.#underWay = this.#gathering;
    this.#gathering = [];
  }

  /** @param release called with each reference that an entry held */
  write(tables: Tables, removals: RunRemovals, release: (reference: number) => void): void {
    for (const { queue, number, first, last } of this.#underWay) {
      const value = Buffer.allocUnsafe(6);
      value.writeUIntBE(first, 0, 6);
      void tables.garbage.put(entryKey(queue, number, last), value);
    }
    this.#sweptCount = 0;
    let left = RUNS_PER_COMMIT;
    for (const garbage of this.#waiting) {
      // What both hold is still in the tables until this commit is made, and would be deleted twice.
      if (this.#waiting.slice(0, this.#sweptCount).some((swept) => overlap(swept, garbage))) return;
      const runs = sweep(garbage, left, { tables, removals, release });
      if (runs === undefined) return;
      this.#sweptCount++;
      left -= 1 + runs;
      if (left <= 0) return;
    }
  }

  committed(): void {
    for (const { lane, last } of this.#waiting.splice(0, this.#sweptCount)) {
      if (lane !== undefined) lane.garbage = lane.garbage.filter((range) => range.last !== last);
    }
    this.#sweptCount = 0;
    this.#waiting.push(...this.#underWay);
    this.#underWay = [];
  }
}

function overlap(one: Garbage, other: Garbage): boolean {
  const isSameLane = one.queue === other.queue && one.number === other.number;
  return isSameLane && one.first <= other.last && other.first <= one.last;
}

interface Sweep {
  readonly tables: Tables;
  readonly removals: RunRemovals;
  readonly release: (reference: number) => void;
}

/** Deletes the first runs of the range; returns how many there were, or undefined when more are left. */
function sweep(garbage: Garbage, maxRuns: number, by: Sweep): number | undefined {
  const { queue, number, first, last } = garbage;
  const { tables } = by;
  let count = 0;
  for (const { run, value } of runsBetween(tables, garbage, first, last)) {
    if (count === maxRuns) return undefined;
    count++;
    sweepRun(garbage, run, value, by);
  }
  const start = entryKey(queue, number, first);
  const end = entryKey(queue, number, last);
  for (const key of tables.marks.getKeys({ start, end, inclusiveEnd: true })) void tables.marks.remove(key);
  void tables.garbage.remove(end);
  return count;
}

function sweepRun(garbage: Garbage, run: Run, value: Buffer, { tables, removals, release }: Sweep): void {
  const { first, last } = garbage;
  const isWhole = run.first >= first && run.last <= last;
  if (isWhole) removals.removeRun(run);
  if (isWhole && !run.hasReferences) return;
  for (const { position, reference } of liveEntries(tables, run, value)) {
    if (position < first || position > last) continue;
    if (reference !== 0) release(reference);
    if (!isWhole) removals.remove(garbage, position);
  }
}
