import type { LogEntry } from "@dragoman/core";
import { AppendedEntries } from "./appended-entries.ts";
import { encodeLane } from "./entry-record.ts";
import { MAX_POSITION } from "./keys.ts";
import { RemovedEntries } from "./removed-entries.ts";

/** What happened to the entries of a lane since the last commit. */
export class LaneChanges {
  readonly appended: AppendedEntries<LogEntry> = new AppendedEntries();
  readonly removed: RemovedEntries = new RemovedEntries();
  readonly marked: Map<number, LogEntry> = new Map();
  /** A range of entries was forgotten. */
  hasRange = false;
  /** The totals of the lane as they are with these changes, set when they are sealed; undefined when it is gone. */
  totals: Buffer | undefined;

  get isEmpty(): boolean {
    return this.appended.size === 0 && this.removed.size === 0 && this.marked.size === 0 && !this.hasRange;
  }
}

/** Entries that are forgotten, though their records are still there. */
export interface GarbageRange {
  readonly first: number;
  readonly last: number;
}

/** One line of a queue's entries: its totals, and what is not committed yet. */
export class Lane {
  /** The number of the queue's log, given when it first stores something. */
  readonly queue: number;
  readonly number: number;
  last: number;
  count: number;
  byteCount: number;
  gathering: LaneChanges | undefined;
  underWay: LaneChanges | undefined;
  garbage: readonly GarbageRange[] = [];
  /** Its queue is gone. */
  #isDropped = false;

  constructor(
    queue: number,
    number: number,
    totals: { readonly last: number; readonly count: number; readonly byteCount: number },
  ) {
    this.queue = queue;
    this.number = number;
    this.last = totals.last;
    this.count = totals.count;
    this.byteCount = totals.byteCount;
  }

  append(changes: LaneChanges, entry: LogEntry): void {
    changes.appended.push(entry);
    this.last = entry.position;
    this.count++;
    this.byteCount += entry.message.byteCount;
  }

  remove(changes: LaneChanges, entry: LogEntry): void {
    const { position } = entry;
    this.count--;
    this.byteCount -= entry.message.byteCount;
    changes.marked.delete(position);
    // Gone before it was written: nothing is.
    if (changes.appended.delete(position)) return;
    changes.removed.add(entry);
  }

  mark(changes: LaneChanges, entry: LogEntry): void {
    // What is yet to be written is written as it is then.
    changes.marked.set(entry.position, entry);
  }

  removeRange(changes: LaneChanges, range: GarbageRange & { count: number; byteCount: number }): void {
    this.count -= range.count;
    this.byteCount -= range.byteCount;
    for (const { position } of changes.appended.from(range.first)) {
      if (position > range.last) break;
      changes.appended.delete(position);
      changes.marked.delete(position);
    }
    this.garbage = [...this.garbage, { first: range.first, last: range.last }];
    changes.hasRange = true;
  }

  /** Forgets everything. */
  drop(changes: LaneChanges): void {
    this.#isDropped = true;
    changes.appended.clear();
    changes.removed.clear();
    changes.marked.clear();
    this.removeRange(changes, { first: 0, last: MAX_POSITION, count: this.count, byteCount: this.byteCount });
  }

  /** What gathered is under way from now on; undefined when all of it has cancelled itself out. */
  seal(): LaneChanges | undefined {
    const changes = this.gathering?.isEmpty === true ? undefined : this.gathering;
    this.gathering = undefined;
    this.underWay = changes;
    // What happens from now on is for the next commit, that the queue goes, too.
    if (changes !== undefined && !this.#isDropped) changes.totals = encodeLane(this);
    return changes;
  }

  /** Entries that are not committed yet, in order, from a position on. */
  *pendingFrom(from: number): Generator<LogEntry, void> {
    for (const changes of [this.underWay, this.gathering]) {
      for (const entry of changes?.appended.from(from) ?? []) {
        const { position } = entry;
        if (this.isGone(position)) continue;
        yield this.gathering?.marked.get(position) ?? this.underWay?.marked.get(position) ?? entry;
      }
    }
  }

  /** Something was removed that is still in the tables. */
  get hasGone(): boolean {
    const [underWay, gathering] = [this.underWay?.removed.size ?? 0, this.gathering?.removed.size ?? 0];
    return underWay > 0 || gathering > 0 || this.garbage.length > 0;
  }

  /** It was removed, though a commit has yet to say so. */
  isGone(position: number): boolean {
    if (this.underWay?.removed.has(position) === true) return true;
    if (this.gathering?.removed.has(position) === true) return true;
    return this.garbage.some(({ first, last }) => position >= first && position <= last);
  }

  /** The delivery count that a commit has yet to write; undefined when it is written. */
  pendingCount(position: number): number | undefined {
    const marked = this.gathering?.marked.get(position) ?? this.underWay?.marked.get(position);
    return marked?.deliveryCount;
  }
}
