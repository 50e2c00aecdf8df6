import { type LogEntry, messageRecordBound, writeMessage } from "@dragoman/core";

const BY_REFERENCE = 1;
const HAS_VIA = 2;
const HAS_DEADLINE = 4;

/** Flags, deadline, length of `via`, reference. */
const LARGEST_FIXED_PART = 1 + 8 + 4 + 6;
const CHUNK_BYTES = 2 ** 18;

/** What is stored of an entry beside its message. */
export interface EntryHead {
  readonly expiresAtMs: number | undefined;
  readonly via: Uint8Array | undefined;
  /** Where the message is; 0 when it follows. */
  readonly reference: number;
  /** Where in the record the message begins. */
  readonly bodyAt: number;
}

/**
 * Encodes the records of a commit one behind the other into few large buffers, which belong to the storage
 * from then on.
 */
export class RecordWriter {
  #chunk: Buffer = Buffer.alloc(0);
  #at = 0;

  /** The message by itself, for several entries to refer to. */
  message({ message }: LogEntry): Buffer {
    const start = this.#reserve(messageRecordBound(message));
    return this.#finish(start, writeMessage(message, this.#chunk, start));
  }

  /** The entry with its message, or with a reference to it when it has one. */
  entry(entry: LogEntry): Buffer {
    const { message, expiresAtMs, via, reference } = entry;
    const body = reference === 0 ? messageRecordBound(message) : 0;
    const start = this.#reserve(LARGEST_FIXED_PART + (via?.length ?? 0) + body);
    const chunk = this.#chunk;
    chunk[start] =
      (reference === 0 ? 0 : BY_REFERENCE) |
      (via === undefined ? 0 : HAS_VIA) |
      (expiresAtMs === undefined ? 0 : HAS_DEADLINE);
    let at = start + 1;
    if (expiresAtMs !== undefined) at = chunk.writeDoubleBE(expiresAtMs, at);
    if (via !== undefined) {
      at = chunk.writeUInt32BE(via.length, at);
      chunk.set(via, at);
      at += via.length;
    }
    if (reference === 0) at = writeMessage(message, chunk, at);
    else at = chunk.writeUIntBE(reference, at, 6);
    return this.#finish(start, at);
  }

  #reserve(byteCount: number): number {
    if (this.#at + byteCount > this.#chunk.length) {
      this.#chunk = Buffer.allocUnsafeSlow(Math.max(CHUNK_BYTES, byteCount));
      this.#at = 0;
    }
    return this.#at;
  }

  #finish(start: number, end: number): Buffer {
    this.#at = end;
    return this.#chunk.subarray(start, end);
  }
}

export function decodeEntryHead(record: Buffer): EntryHead {
  const flags = record.readUInt8(0);
  let at = 1;
  let expiresAtMs: number | undefined;
  if ((flags & HAS_DEADLINE) !== 0) {
    expiresAtMs = record.readDoubleBE(at);
    at += 8;
  }
  let via: Uint8Array | undefined;
  if ((flags & HAS_VIA) !== 0) {
    const end = at + 4 + record.readUInt32BE(at);
    via = record.subarray(at + 4, end);
    at = end;
  }
  if ((flags & BY_REFERENCE) === 0) return { expiresAtMs, via, reference: 0, bodyAt: at };
  return { expiresAtMs, via, reference: record.readUIntBE(at, 6), bodyAt: at + 6 };
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
