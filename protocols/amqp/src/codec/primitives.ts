import { BrokerError, type ByteReader, type ByteWriter } from "@dragoman/core";

const TWO_TO_32 = 0x1_0000_0000;

/** The empty long string. */
export const noBytes: Uint8Array = new Uint8Array(0);

/**
 * AMQP 0-9-1 §4.2.5.3: one octet of length, then UTF-8.
 *
 * @throws BrokerError "malformed"
 */
export function readShortString(reader: ByteReader): string {
  return reader.utf8(reader.uint8());
}

/** Bytes of a short string, at most. AMQP 0-9-1 §4.2.5.3 */
export const MAX_SHORT_BYTES = 255;

export function isShort(text: string): boolean {
  return text.length <= MAX_SHORT_BYTES && Buffer.byteLength(text) <= MAX_SHORT_BYTES;
}

/** The longest beginning that a short string can hold, cut between characters. */
export function shortened(text: string): string {
  if (isShort(text)) return text;
  const bytes = Buffer.from(text);
  let end = MAX_SHORT_BYTES;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.toString("utf8", 0, end);
}

/** @throws BrokerError "too-large" over 255 bytes */
export function writeShortString(writer: ByteWriter, text: string): void {
  const byteCount = Buffer.byteLength(text);
  if (byteCount > MAX_SHORT_BYTES) {
    throw new BrokerError("too-large", `short string of ${byteCount} bytes, limit ${MAX_SHORT_BYTES}`);
  }
  writer.uint8(byteCount);
  writer.utf8(text);
}

/** A view, not a copy. AMQP 0-9-1 §4.2.5.3 */
export function readLongString(reader: ByteReader): Uint8Array {
  return reader.take(reader.uint32());
}

export function writeLongString(writer: ByteWriter, bytes: Uint8Array): void {
  writer.uint32(bytes.length);
  writer.bytes(bytes);
}

/**
 * An unsigned 64-bit integer as a number: exact up to 2^53, more than a channel will ever count.
 * A tag that a client makes up beyond that is rounded, and as unknown as before.
 */
export function readLongLong(reader: ByteReader): number {
  return reader.uint32() * TWO_TO_32 + reader.uint32();
}

/** @param value a safe integer, at least 0 */
export function writeLongLong(writer: ByteWriter, value: number): void {
  writer.uint32(Math.floor(value / TWO_TO_32));
  writer.uint32(value % TWO_TO_32);
}
