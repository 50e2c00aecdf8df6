import { Deque } from "./deque.ts";
import type { QueueEntry } from "./queue-entry.ts";

/** The entries of a queue that wait for a consumer: by priority, then by position. */
export class ReadyEntries {
  /** One line for each priority, lowest first; a queue without priorities has one. */
  readonly #lines: readonly Deque<QueueEntry>[];
  #length = 0;
  #byteCount = 0;

  /** @param maxPriority 0 to 255: higher priorities of messages count as this one */
  constructor(maxPriority: number) {
    this.#lines = Array.from({ length: maxPriority + 1 }, () => new Deque<QueueEntry>());
  }

  get length(): number {
    return this.#length;
  }

  /** Bytes of bodies and properties. */
  get byteCount(): number {
    return this.#byteCount;
  }

  /** The entry that is next: the oldest of the highest priority. */
  first(): QueueEntry | undefined {
    return this.#highest()?.first();
  }

  /** Adds the newest entry. */
  push(entry: QueueEntry): void {
    this.#lineOf(entry).push(entry);
    this.#count(entry, 1);
  }

  shift(): QueueEntry | undefined {
    const entry = this.#highest()?.shift();
    if (entry !== undefined) this.#count(entry, -1);
    return entry;
  }

  /** Puts an entry back where its position says. */
  restore(entry: QueueEntry): void {
    const line = this.#lineOf(entry);
    line.insert(placeOf(line, entry.position), entry);
    this.#count(entry, 1);
  }

  /** Takes out the first entry for which `wanted` is true, in the order of delivery. */
  takeFirst(wanted: (entry: QueueEntry) => boolean): QueueEntry | undefined {
    for (const line of this.#lines.toReversed()) {
      for (let i = 0; i < line.length; i++) {
        const entry = line.at(i);
        if (entry === undefined || !wanted(entry)) continue;
        line.remove(i);
        this.#count(entry, -1);
        return entry;
      }
    }
    return undefined;
  }

  /** In the order of delivery. */
  *[Symbol.iterator](): Generator<QueueEntry, void> {
    for (const line of this.#lines.toReversed()) yield* line;
  }

  clear(): void {
    for (const line of this.#lines) line.clear();
    this.#length = 0;
    this.#byteCount = 0;
  }

  #highest(): Deque<QueueEntry> | undefined {
    if (this.#length === 0) return undefined;
    if (this.#lines.length === 1) return this.#lines[0];
    return this.#lines.findLast((line) => line.length > 0);
  }

  #lineOf(entry: QueueEntry): Deque<QueueEntry> {
    const highest = this.#lines.length - 1;
    const line = this.#lines[Math.min(entry.message.priority ?? 0, highest)];
    if (line === undefined) throw new Error("a queue has at least one line of entries");
    return line;
  }

  #count(entry: QueueEntry, sign: 1 | -1): void {
    this.#length += sign;
    this.#byteCount += sign * entry.message.byteCount;
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
