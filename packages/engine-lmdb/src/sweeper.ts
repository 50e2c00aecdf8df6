import { decodeEntryHead } from "./entry-record.ts";
import { entryKey, positionOf } from "./keys.ts";
import type { GarbageRange, Lane } from "./lane.ts";
import type { Tables } from "./store.ts";

/** Entries deleted in one commit. */
const ENTRIES_PER_COMMIT = 1_000;

/** A forgotten range of a lane; the lane itself may be gone. */
interface Garbage extends GarbageRange {
  readonly queue: number;
  readonly laneNumber: number;
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
  #isFirstSwept = false;

  /** Something is left to delete. */
  get isBusy(): boolean {
    return this.#waiting.length > 0;
  }

  add(lane: Lane, { first, last }: GarbageRange): void {
    this.#gathering.push({ queue: lane.queue, laneNumber: lane.number, lane, first, last });
  }

  /** Finds what a former process left. Returns the largest number of a queue in it. */
  load(tables: Tables, laneOf: (queue: number, number: number) => Lane | undefined): number {
    let largest = 0;
    for (const { key, value } of tables.garbage.getRange({ start: Buffer.of(0) })) {
      const [queue, laneNumber] = [key.readUInt32BE(0), key.readUInt8(4)];
      const lane = laneOf(queue, laneNumber);
      const range = { first: positionOf(key), last: value.readUIntBE(0, 6) };
      if (lane !== undefined) lane.garbage = [...lane.garbage, range];
      this.#waiting.push({ queue, laneNumber, lane, ...range });
      largest = Math.max(largest, queue);
    }
    return largest;
  }

  seal(): void {
    this.#underWay = this.#gathering;
    this.#gathering = [];
  }

  /** @param release called with each reference that an entry held */
  write(tables: Tables, release: (reference: number) => void): void {
    for (const { queue, laneNumber, first, last } of this.#underWay) {
      const value = Buffer.allocUnsafe(6);
      value.writeUIntBE(last, 0, 6);
      void tables.garbage.put(entryKey(queue, laneNumber, first), value);
    }
    const [next] = this.#waiting;
    if (next !== undefined) this.#isFirstSwept = sweep(next, tables, release);
  }

  committed(): void {
    if (this.#isFirstSwept) {
      const swept = this.#waiting.shift();
      if (swept?.lane !== undefined) {
        const { first } = swept;
        swept.lane.garbage = swept.lane.garbage.filter((range) => range.first !== first);
      }
    }
    this.#isFirstSwept = false;
    this.#waiting.push(...this.#underWay);
    this.#underWay = [];
  }
}

/** Deletes the first entries of the range; true when none is left. */
function sweep(
  { queue, laneNumber, first, last }: Garbage,
  tables: Tables,
  release: (reference: number) => void,
): boolean {
  const start = entryKey(queue, laneNumber, first);
  const end = entryKey(queue, laneNumber, last);
  let count = 0;
  for (const { key, value } of tables.entries.getRange({
    start,
    end,
    inclusiveEnd: true,
    limit: ENTRIES_PER_COMMIT,
  })) {
    const { reference } = decodeEntryHead(value);
    if (reference !== 0) release(reference);
    void tables.entries.remove(key);
    void tables.marks.remove(key);
    count++;
  }
  if (count === ENTRIES_PER_COMMIT) return false;
  void tables.garbage.remove(start);
  return true;
}
