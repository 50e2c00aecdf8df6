import { type LogEntry, MessageSequence } from "@dragoman/core";
import type { Run } from "./keys.ts";

const BY_REFERENCE = 1;
const HAS_VIA = 2;
const HAS_DEADLINE = 4;

/** Distance, length, flags, deadline, length of `via`, reference. */
const LARGEST_FIXED_PART = 1 + 4 + 1 + 8 + 4 + 6;
/** A run that has reached this is full. */
const RUN_BYTES = 2 ** 14;
const RUN_ENTRIES = 256;
const CHUNK_BYTES = 2 ** 18;

/** What is stored of an entry beside its message. */
export interface EntryHead {
  readonly position: number;
  readonly expiresAtMs: number | undefined;
  readonly via: Uint8Array | undefined;
  /** Where the message is; 0 when its record lies in `bytes`, from `start` to `end`. */
  readonly reference: number;
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

/** Takes a finished run over. */
export type RunSink = (run: Omit<Run, "key">, value: Buffer) => void;

/**
 * Encodes the entries of a commit one behind the other into few large buffers, which belong to the storage
 * from then on. Neighbours in a queue are put together in runs: far fewer records for the same bytes.
 */
export class RecordWriter {
  readonly #chunkBytes: number;
  #chunk: Buffer = Buffer.alloc(0);
  #at = 0;
  #runAt = 0;
  #first = 0;
  #last = 0;
  #count = 0;
  #hasReferences = false;
  readonly #messages = new MessageSequence();

  /** @param byteCount of all that will be added, at most: a small commit takes no large buffer */
  constructor(byteCount: number) {
    this.#chunkBytes = Math.min(CHUNK_BYTES, byteCount);
  }

  /** The message by itself, for several entries to refer to. Not within a run. */
  message({ message }: LogEntry): Buffer {
    const sequence = new MessageSequence();
    const start = this.#reserve(sequence.bound(message));
    this.#at = sequence.write(message, this.#chunk, start);
    return this.#chunk.subarray(start, this.#at);
  }

  /** Adds an entry to the run, which goes to `sink` first when it is full. */
  add(entry: LogEntry, sink: RunSink): void {
    const { via, reference, position } = entry;
    let bound = this.#bound(entry, via);
    if (this.#isFull(position, bound)) this.endRun(sink);
    if (this.#count === 0) {
      this.#messages.begin();
      bound = this.#bound(entry, via);
      this.#runAt = this.#reserve(Math.max(bound, Math.min(RUN_BYTES, this.#chunkBytes)));
      this.#first = position;
      this.#hasReferences = false;
    }
    this.#last = position;
    this.#count++;
    this.#hasReferences ||= reference !== 0;
    this.#write(entry, via);
  }

  /** The run is complete. */
  endRun(sink: RunSink): void {
    if (this.#count === 0) return;
    const run = {
      first: this.#first,
      last: this.#last,
      count: this.#count,
      hasReferences: this.#hasReferences,
    };
    this.#count = 0;
    sink(run, this.#chunk.subarray(this.#runAt, this.#at));
  }

  #bound({ message, reference }: LogEntry, via: Uint8Array | undefined): number {
    return LARGEST_FIXED_PART + (via?.length ?? 0) + (reference === 0 ? this.#messages.bound(message) : 0);
  }

  #isFull(position: number, bound: number): boolean {
    if (this.#count === 0) return false;
    return (
      this.#count === RUN_ENTRIES ||
      position - this.#first >= RUN_ENTRIES ||
      this.#at + bound > Math.min(this.#chunk.length, this.#runAt + RUN_BYTES)
    );
  }

  #write(entry: LogEntry, via: Uint8Array | undefined): void {
    const { message, expiresAtMs, reference } = entry;
    const chunk = this.#chunk;
    const start = this.#at;
    chunk[start] = entry.position - this.#first;
    chunk[start + 5] =
      (reference === 0 ? 0 : BY_REFERENCE) |
      (via === undefined ? 0 : HAS_VIA) |
      (expiresAtMs === undefined ? 0 : HAS_DEADLINE);
    let at = start + 6;
    if (expiresAtMs !== undefined) at = chunk.writeDoubleBE(expiresAtMs, at);
    if (via !== undefined) {
      at = chunk.writeUInt32BE(via.length, at);
      chunk.set(via, at);
      at += via.length;
    }
    if (reference === 0) at = this.#messages.write(message, chunk, at);
    else at = chunk.writeUIntBE(reference, at, 6);
    chunk.writeUInt32BE(at - start - 5, start + 1);
    this.#at = at;
  }

  #reserve(byteCount: number): number {
    if (this.#at + byteCount > this.#chunk.length) {
      this.#chunk = Buffer.allocUnsafeSlow(Math.max(this.#chunkBytes, byteCount));
      this.#at = 0;
    }
    return this.#at;
  }
}

/** The entries of a run, in order. They share its bytes. */
export function decodeRun(first: number, value: Buffer): EntryHead[] {
  const entries: EntryHead[] = [];
  for (let at = 0; at < value.length;) {
    const position = first + value.readUInt8(at);
    const end = at + 5 + value.readUInt32BE(at + 1);
    entries.push(decodeEntry(position, value, at + 5, end));
    at = end;
  }
  return entries;
}

function decodeEntry(position: number, value: Buffer, start: number, end: number): EntryHead {
  const flags = value.readUInt8(start);
  let at = start + 1;
  let expiresAtMs: number | undefined;
  if ((flags & HAS_DEADLINE) !== 0) {
    expiresAtMs = value.readDoubleBE(at);
    at += 8;
  }
  let via: Uint8Array | undefined;
  if ((flags & HAS_VIA) !== 0) {
    const viaEnd = at + 4 + value.readUInt32BE(at);
    via = value.subarray(at + 4, viaEnd);
    at = viaEnd;
  }
  const reference = (flags & BY_REFERENCE) === 0 ? 0 : value.readUIntBE(at, 6);
  return { position, expiresAtMs, via, reference, bytes: value, start: at, end };
}

/** Totals of a lane. */
export interface LaneRecord {
  readonly last: number;
  readonly count: number;
  readonly byteCount: number;
}

export function encodeLane({ last, count, byteCount }: LaneRecord): Buffer {
  const record = Buffer.allocUnsafe(24);
  record.writeDoubleBE(last, 0);
  record.writeDoubleBE(count, 8);
  record.writeDoubleBE(byteCount, 16);
  return record;
}

export function decodeLane(record: Buffer): LaneRecord {
  return {
    last: record.readDoubleBE(0),
    count: record.readDoubleBE(8),
    byteCount: record.readDoubleBE(16),
  };
}
