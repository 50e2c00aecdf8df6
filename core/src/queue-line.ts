import { Deque } from "./deque.ts";
import type { LogRange } from "./engine.ts";
import type { LineWindow } from "./paging.ts";
import type { QueueEntry } from "./queue-entry.ts";

/**
 * The waiting entries of one priority, in order of position. A long line is in three parts: a head in
 * memory, then those that are in the engine's log only, and, among and behind these, a tail of entries that
 * are not stored and so have nowhere else to be.
 */
export class QueueLine {
  readonly lane: number;
  readonly #head = new Deque<QueueEntry>();
  readonly #tail = new Deque<QueueEntry>();
  /** Entries of the head that could be paged out. */
  #storedInHead = 0;
  #storedBytesInHead = 0;
  /** Positions of the entries that are in the log only: all stored entries of this line from here to there. */
  #outFirst = 0;
  #outLast = 0;
  #outCount = 0;
  #outBytes = 0;
  #bytesInMemory = 0;

  constructor(lane: number) {
    this.lane = lane;
  }

  get length(): number {
    return this.#head.length + this.#outCount + this.#tail.length;
  }

  /** Bytes of bodies. */
  get byteCount(): number {
    return this.#bytesInMemory + this.#outBytes;
  }

  /** The entries that are in the log only; undefined when all are in memory. */
  get range(): LogRange | undefined {
    if (this.#outCount === 0) return undefined;
    const { lane } = this;
    const [first, last] = [this.#outFirst, this.#outLast];
    return { lane, first, last, count: this.#outCount, byteCount: this.#outBytes };
  }

  /** The oldest; undefined also when it is not in memory. */
  first(): QueueEntry | undefined {
    return this.#head.first();
  }

  /** Adds the newest entry. */
  push(entry: QueueEntry): void {
    if (this.#outCount === 0) {
      this.#head.push(entry);
      this.#keep(entry, 1);
    } else if (entry.isStored) {
      this.#outLast = entry.position;
      this.#outCount++;
      this.#outBytes += entry.message.byteCount;
    } else {
      this.#tail.push(entry);
      this.#bytesInMemory += entry.message.byteCount;
    }
  }

  shift(): QueueEntry | undefined {
    const entry = this.#head.shift();
    if (entry !== undefined) this.#keep(entry, -1);
    return entry;
  }

  /** Puts an entry back where its position says: before all that were paged out since it was taken. */
  restore(entry: QueueEntry): void {
    this.#head.insert(placeOf(this.#head, entry.position), entry);
    this.#keep(entry, 1);
  }

  /** Takes out the first entry in the head for which `wanted` is true. */
  takeFirst(wanted: (entry: QueueEntry) => boolean): QueueEntry | undefined {
    for (let i = 0; i < this.#head.length; i++) {
      const entry = this.#head.at(i);
      if (entry === undefined || !wanted(entry)) continue;
      this.#head.remove(i);
      this.#keep(entry, -1);
      return entry;
    }
    return undefined;
  }

  /** True when the head has fallen short of the window and there is more in the log. */
  isBelow(window: LineWindow): boolean {
    return this.#outCount > 0 && this.#head.length < window.entries && this.#storedBytesInHead < window.bytes;
  }

  /** True when the head has outgrown the window. */
  isAbove(window: LineWindow): boolean {
    return this.#storedInHead > window.entries || this.#storedBytesInHead > window.bytes;
  }

  /**
   * Lets go of the end of the head, down to the window; what is stored can be read again.
   *
   * @param beyond only entries behind this position go: consumers hold some that stand before it, and what
   *   comes back from them must find its place in memory
   */
  pageOut(window: LineWindow, beyond: number): void {
    while (this.isAbove(window) && this.#head.length > 1) {
      const entry = this.#head.at(this.#head.length - 1);
      if (entry === undefined || entry.position <= beyond) return;
      this.#head.remove(this.#head.length - 1);
      this.#keep(entry, -1);
      if (entry.isStored) {
        this.#outFirst = entry.position;
        if (this.#outCount === 0) this.#outLast = entry.position;
        this.#outCount++;
        this.#outBytes += entry.message.byteCount;
      } else {
        this.#tail.unshift(entry);
        this.#bytesInMemory += entry.message.byteCount;
      }
    }
    this.#joinTail();
  }

  /** What a restart found in the log. */
  recover({ first, last, count, byteCount }: LogRange): void {
    this.#outFirst = first;
    this.#outLast = last;
    this.#outCount = count;
    this.#outBytes = byteCount;
  }

  /** Takes entries in that were read from the log, in order, beginning with the first of the range. */
  admit(entries: readonly QueueEntry[]): void {
    for (const entry of entries) {
      this.#joinTail(entry.position);
      this.#head.push(entry);
      this.#keep(entry, 1);
      this.#outFirst = entry.position + 1;
      this.#outCount--;
      this.#outBytes -= entry.message.byteCount;
    }
    if (entries.length === 0) {
      this.#outCount = 0;
      this.#outBytes = 0;
    }
    this.#joinTail();
  }

  /** The entries in memory before and behind those that are in the log only. */
  inMemory(): { readonly head: readonly QueueEntry[]; readonly tail: readonly QueueEntry[] } {
    return { head: [...this.#head], tail: [...this.#tail] };
  }

  clear(): void {
    this.#head.clear();
    this.#tail.clear();
    this.#storedInHead = 0;
    this.#storedBytesInHead = 0;
    this.#outCount = 0;
    this.#outBytes = 0;
    this.#bytesInMemory = 0;
  }

  /** Moves entries of the tail to the head: those before this position, or all when nothing is between. */
  #joinTail(before = this.#outCount === 0 ? Number.POSITIVE_INFINITY : 0): void {
    for (let entry = this.#tail.first(); entry !== undefined; entry = this.#tail.first()) {
      if (entry.position > before) return;
      this.#tail.shift();
      this.#head.push(entry);
    }
  }

  #keep(entry: QueueEntry, sign: 1 | -1): void {
    const { byteCount, memoryBytes } = entry.message;
    this.#bytesInMemory += sign * byteCount;
    if (!entry.isStored) return;
    this.#storedInHead += sign;
    this.#storedBytesInHead += sign * memoryBytes;
  }
}

/** Index of the first entry behind this position. */
function placeOf(line: Deque<QueueEntry>, position: number): number {
  let low = 0;
  let high = line.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((line.at(middle)?.position ?? Number.POSITIVE_INFINITY) < position) low = middle + 1;
    else high = middle;
  }
  return low;
}
