import { Deque } from "./deque.ts";
import type { LogEntry, LogRead, QueueLog } from "./engine.ts";
import type { Message } from "./message.ts";
import type { QueueOptions } from "./queue-options.ts";

/** Entries that stand together and go together. */
interface Chunk {
  readonly first: number;
  readonly firstAtMs: number;
  count: number;
  byteCount: number;
  /** When the newest of them came. */
  lastAtMs: number;
}

/** How much a chunk takes in. */
interface ChunkLimits {
  readonly entries: number;
  readonly bytes: number;
  readonly ageMs: number;
}

const LARGEST_CHUNK: ChunkLimits = { entries: 256, bytes: 2 ** 20, ageMs: Infinity };
/** Limits are kept as exactly as a chunk is small beside them. */
const CHUNKS_PER_LIMIT = 8;
/** What stays in memory of the end of a stream that is in the log. */
const TAIL = { entries: 1_024, bytes: 2 ** 20 };
const SHORT_TAIL = { entries: 64, bytes: 2 ** 16 };
const READ_ENTRIES = 256;
const READ_BYTES = 2 ** 20;

/**
 * The messages of a stream by position, from 1 on without gaps: new ones at the end, and the oldest going
 * in chunks. Of a stream that is kept, all are in the log and the end is in memory; of another, all are in
 * memory.
 */
export class StreamEntries {
  readonly #log: QueueLog | undefined;
  readonly #decode: LogRead["decode"];
  readonly #limits: ChunkLimits;
  readonly #tail = new Deque<LogEntry>();
  readonly #chunks = new Deque<Chunk>();
  #tailBytes = 0;
  #last = 0;
  #length = 0;
  #byteCount = 0;

  constructor(options: QueueOptions, log: QueueLog | undefined, decode: LogRead["decode"]) {
    const { maxLength = Infinity, maxBytes = Infinity, maxAgeMs = Infinity } = options;
    this.#log = log;
    this.#decode = decode;
    this.#limits = {
      entries: Math.min(LARGEST_CHUNK.entries, maxLength / CHUNKS_PER_LIMIT),
      bytes: Math.min(LARGEST_CHUNK.bytes, maxBytes / CHUNKS_PER_LIMIT),
      ageMs: Math.min(LARGEST_CHUNK.ageMs, maxAgeMs / CHUNKS_PER_LIMIT),
    };
  }

  get length(): number {
    return this.#length;
  }

  /** Bytes of bodies. */
  get byteCount(): number {
    return this.#byteCount;
  }

  /** Position of the oldest entry; behind `last` when there is none. */
  get first(): number {
    return this.#last - this.#length + 1;
  }

  /** Position of the newest entry that there ever was. */
  get last(): number {
    return this.#last;
  }

  /** More than the newest chunk is there. */
  get hasOldChunks(): boolean {
    return this.#chunks.length > 1;
  }

  /** When the newest entry of the oldest chunk came; undefined when there is none. */
  get oldestChunkAtMs(): number | undefined {
    return this.#chunks.first()?.lastAtMs;
  }

  append(message: Message): void {
    const entry: LogEntry = {
      lane: 0,
      position: ++this.#last,
      message,
      via: undefined,
      expiresAtMs: undefined,
      deliveryCount: 0,
      reference: 0,
    };
    this.#log?.append(entry);
    this.#count(entry);
    this.#tail.push(entry);
    this.#tailBytes += message.memoryBytes;
    if (this.#log !== undefined) this.#shorten(TAIL);
  }

  /** The entry at a position, if it is in memory. */
  at(position: number): LogEntry | undefined {
    return this.#tail.at(position - (this.#last - this.#tail.length + 1));
  }

  /** Entries from a position on, out of the log; none when they are gone. */
  async read(position: number): Promise<readonly LogEntry[]> {
    const request = { lane: 0, from: position, maxEntries: READ_ENTRIES, maxBytes: READ_BYTES };
    return (await this.#log?.read({ ...request, decode: this.#decode })) ?? [];
  }

  /** The position of the first entry that came at that time or later, or of one somewhat before it. */
  positionAt(atMs: number): number {
    for (const chunk of this.#chunks) if (chunk.lastAtMs >= atMs) return chunk.first;
    return this.#last + 1;
  }

  dropOldestChunk(): void {
    const chunk = this.#chunks.shift();
    if (chunk === undefined) return;
    const { first, count, byteCount } = chunk;
    this.#length -= count;
    this.#byteCount -= byteCount;
    while (this.#tail.length > this.#length) this.#shiftTail();
    this.#log?.removeRange({ lane: 0, first, last: first + count - 1, count, byteCount });
  }

  /** Takes over what a restart found in the log, reading all of it once to know how old and large it is. */
  async recover(): Promise<void> {
    const [range] = (await this.#log?.lanes()) ?? [];
    if (range === undefined) return;
    for (let from = range.first; from <= range.last;) {
      const entries = await this.read(from);
      for (const entry of entries) this.#count(entry);
      from = (entries.at(-1)?.position ?? range.last) + 1;
    }
    this.#last = range.last;
  }

  /** Keeps little in memory of what can be read again. */
  pageOut(): void {
    if (this.#log !== undefined) this.#shorten(SHORT_TAIL);
  }

  clear(): void {
    this.#tail.clear();
    this.#chunks.clear();
    this.#tailBytes = 0;
    this.#length = 0;
    this.#byteCount = 0;
  }

  #count({ position, message: { byteCount, receivedAtMs } }: LogEntry): void {
    this.#length++;
    this.#byteCount += byteCount;
    const chunk = this.#chunks.at(this.#chunks.length - 1);
    if (chunk === undefined || this.#isFull(chunk, receivedAtMs)) {
      const times = { firstAtMs: receivedAtMs, lastAtMs: receivedAtMs };
      this.#chunks.push({ first: position, count: 1, byteCount, ...times });
      return;
    }
    chunk.count++;
    chunk.byteCount += byteCount;
    chunk.lastAtMs = Math.max(chunk.lastAtMs, receivedAtMs);
  }

  #isFull({ count, byteCount, firstAtMs }: Chunk, nowMs: number): boolean {
    const { entries, bytes, ageMs } = this.#limits;
    return count + 1 > entries || byteCount >= bytes || nowMs - firstAtMs > ageMs;
  }

  #shorten(to: { readonly entries: number; readonly bytes: number }): void {
    while (this.#tail.length > to.entries || (this.#tailBytes > to.bytes && this.#tail.length > 1)) {
      this.#shiftTail();
    }
  }

  #shiftTail(): void {
    this.#tailBytes -= this.#tail.shift()?.message.memoryBytes ?? 0;
  }
}
