import type { LogEntry, LogRange, LogRead, QueueLog } from "./engine.ts";
import type { Message } from "./message.ts";
import type { Paging } from "./paging.ts";
import type { QueueEntry } from "./queue-entry.ts";
import { QueueLine } from "./queue-line.ts";

/** The queue's side of its waiting entries. */
export interface ReadyOwner {
  readonly paging: Paging;
  decode(bytes: Uint8Array, start: number, end: number): Message;
  revive(stored: LogEntry): QueueEntry;
  /** Entries that were in the log only are in memory now. */
  loaded(): void;
}

/**
 * The entries of a queue that wait for a consumer: by priority, then by position. Of a long line only the
 * head is in memory, as far as the rest is stored: it is read ahead, in order, as the head gets short.
 */
export class ReadyEntries {
  readonly #owner: ReadyOwner;
  readonly #paging: Paging;
  readonly #log: QueueLog | undefined;
  /** One line for each priority, lowest first; a queue without priorities has one. */
  readonly #lines: readonly QueueLine[];
  #length = 0;
  #byteCount = 0;
  /** Entries that consumers hold, and the last position among them since there were none. */
  #held = 0;
  #heldUpTo = 0;
  #isReading = false;
  /** Counts how often everything was cleared: what was being read then is not wanted any more. */
  #clearings = 0;
  #waiting: (() => void)[] = [];

  /**
   * @param maxPriority 0 to 255: higher priorities of messages count as this one
   * @param log where the stored entries are; undefined when none is stored
   */
  constructor(maxPriority: number, log: QueueLog | undefined, owner: ReadyOwner) {
    this.#lines = Array.from({ length: maxPriority + 1 }, (_, lane) => new QueueLine(lane));
    this.#log = log;
    this.#owner = owner;
    this.#paging = owner.paging;
  }

  /** Entries, in memory or not. */
  get length(): number {
    return this.#length;
  }

  /** Bytes of bodies, in memory or not. */
  get byteCount(): number {
    return this.#byteCount;
  }

  /** Entries that consumers hold. */
  get heldCount(): number {
    return this.#held;
  }

  laneOf({ priority = 0 }: Message): number {
    return Math.min(priority, this.#lines.length - 1);
  }

  /** The entry that is next: the oldest of the highest priority. Undefined also while it is being read. */
  first(): QueueEntry | undefined {
    const line = this.#highest();
    const entry = line?.first();
    if (entry === undefined && line !== undefined) this.#readAhead(line);
    return entry;
  }

  /** Adds the newest entry. */
  push(entry: QueueEntry): void {
    const line = this.#lineOf(entry);
    line.push(entry);
    this.#count(entry, 1);
    if (line.isAbove(this.#paging.largest)) line.pageOut(this.#paging.kept, this.#heldUpTo);
  }

  /** Takes out the first, unless it is being read. */
  shift(): QueueEntry | undefined {
    const line = this.#highest();
    const entry = line?.shift();
    if (line === undefined || entry === undefined) return undefined;
    this.#count(entry, -1);
    // When this line is exhausted, the next one may be in the log only.
    const next = line.length > 0 ? line : this.#highest();
    if (next?.isBelow(this.#paging.ahead) === true) this.#readAhead(next);
    return entry;
  }

  /** A consumer holds the entry, which was taken out. */
  hold({ position }: QueueEntry): void {
    this.#held++;
    this.#heldUpTo = Math.max(this.#heldUpTo, position);
  }

  /** An entry that was held is settled or about to be restored. */
  release(): void {
    this.#held--;
    if (this.#held === 0) this.#heldUpTo = 0;
  }

  /** Puts an entry back where its position says. */
  restore(entry: QueueEntry): void {
    const line = this.#lineOf(entry);
    line.restore(entry);
    this.#count(entry, 1);
    if (line.isAbove(this.#paging.largest)) line.pageOut(this.#paging.kept, this.#heldUpTo);
  }

  /** Some that `takeFirst` would look at are still to be read. */
  get isShort(): boolean {
    return this.#lines.some((line) => line.isBelow(this.#paging.search));
  }

  /** Takes out the first entry for which `wanted` is true, in the order of delivery. */
  takeFirst(wanted: (entry: QueueEntry) => boolean): QueueEntry | undefined {
    for (let lane = this.#lines.length - 1; lane >= 0; lane--) {
      const line = this.#lines[lane];
      const entry = line?.takeFirst(wanted);
      if (entry !== undefined) {
        this.#count(entry, -1);
        return entry;
      }
      if (line?.isBelow(this.#paging.search) === true) {
        this.#readAhead(line);
        return undefined;
      }
    }
    return undefined;
  }

  /**
   * Takes over what a restart found in the log.
   *
   * @returns the last position, when the first entries are in memory
   */
  async recover(): Promise<number> {
    let last = 0;
    for (const range of (await this.#log?.lanes()) ?? []) {
      const line = this.#lines[range.lane];
      if (line === undefined) throw new Error(`a stored message has the unknown priority ${range.lane}`);
      line.recover(range);
      last = Math.max(last, range.last);
      this.#length += range.count;
      this.#byteCount += range.byteCount;
    }
    const line = this.#highest();
    if (line?.isBelow(this.#paging.ahead) === true) this.#readAhead(line);
    await this.whenReadable();
    return last;
  }

  /** Resolves when the first entry is in memory, or when there is none. */
  async whenReadable(): Promise<void> {
    while (this.#length > 0 && this.first() === undefined) {
      await new Promise<void>((resolve) => void this.#waiting.push(resolve));
    }
  }

  /** The broker is short of memory: keeps little of what can be read again. */
  pageOut(): void {
    if (this.#log === undefined) return;
    for (const line of this.#lines) line.pageOut(this.#paging.smallest, this.#heldUpTo);
  }

  /** In the order of delivery; reads what is not in memory without keeping it. */
  async *browse(): AsyncGenerator<LogEntry, void> {
    for (const line of this.#lines.toReversed()) {
      const { range } = line;
      const { head, tail } = line.inMemory();
      yield* head;
      let next = 0;
      if (range !== undefined) {
        for await (const entry of this.#readRange(range)) {
          for (let own = tail[next]; own !== undefined && own.position < entry.position; own = tail[++next]) {
            yield own;
          }
          yield entry;
        }
      }
      yield* tail.slice(next);
    }
  }

  /** The entries in memory, in no order. */
  *inMemory(): Generator<QueueEntry, void> {
    for (const line of this.#lines) {
      const { head, tail } = line.inMemory();
      yield* head;
      yield* tail;
    }
  }

  /** The entries that are in the log only. */
  ranges(): LogRange[] {
    return this.#lines.flatMap(({ range }) => range ?? []);
  }

  clear(): void {
    for (const line of this.#lines) line.clear();
    this.#length = 0;
    this.#byteCount = 0;
    this.#clearings++;
    this.#wake();
  }

  /** Forgets also what consumers hold. */
  close(): void {
    this.clear();
    this.#held = 0;
    this.#heldUpTo = 0;
  }

  #highest(): QueueLine | undefined {
    if (this.#length === 0) return undefined;
    for (let lane = this.#lines.length - 1; lane > 0; lane--) {
      const line = this.#lines[lane];
      if (line !== undefined && line.length > 0) return line;
    }
    return this.#lines[0];
  }

  #count(entry: QueueEntry, sign: 1 | -1): void {
    this.#length += sign;
    this.#byteCount += sign * entry.message.byteCount;
  }

  #lineOf(entry: QueueEntry): QueueLine {
    const line = this.#lines[entry.lane];
    if (line === undefined) throw new Error("an entry's lane is one of its queue's");
    return line;
  }

  #readAhead(line: QueueLine): void {
    const { range } = line;
    if (this.#isReading || this.#log === undefined || range === undefined) return;
    this.#isReading = true;
    // A read that fails is not caught: a broker that cannot read its own log must not go on as if it could.
    void this.#read(line, this.#log, range);
  }

  async #read(line: QueueLine, log: QueueLog, { lane, first }: LogRange): Promise<void> {
    const clearing = this.#clearings;
    const entries = await log.read(this.#request(lane, first));
    this.#isReading = false;
    // More may have been paged out before what was read: then it is not what comes next.
    if (clearing === this.#clearings && line.range?.first === first) {
      const { length, byteCount } = line;
      line.admit(entries.map((entry) => this.#owner.revive(entry)));
      // Alike, unless the log has lost entries: then the queue must not wait for them.
      this.#length += line.length - length;
      this.#byteCount += line.byteCount - byteCount;
    }
    this.#wake();
    this.#owner.loaded();
    const next = this.#highest();
    if (next?.isBelow(this.#paging.ahead) === true) this.#readAhead(next);
  }

  async *#readRange({ lane, first, last }: LogRange): AsyncGenerator<LogEntry, void> {
    for (let from = first; from <= last;) {
      const entries = (await this.#log?.read(this.#request(lane, from))) ?? [];
      if (entries.length === 0) return;
      for (const entry of entries) {
        if (entry.position > last) return;
        from = entry.position + 1;
        yield entry;
      }
    }
  }

  #request(lane: number, from: number): LogRead {
    const decode: LogRead["decode"] = (bytes, start, end) => this.#owner.decode(bytes, start, end);
    const { entries, bytes } = this.#paging.read;
    return { lane, from, maxEntries: entries, maxBytes: bytes, decode };
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
