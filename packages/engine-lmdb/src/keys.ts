import { createHash } from "node:crypto";

/** Bytes of the key of an entry: queue, lane, position. */
export const ENTRY_KEY_BYTES = 11;
export const LANE_KEY_BYTES = 5;
export const MAX_POSITION: number = 2 ** 48 - 1;

/** Well below what LMDB allows. */
const MAX_NAME_BYTES = 1_500;
/** No UTF-8 text has this byte, so a name cut short never looks like another. */
const DIGEST_MARK = 0xff;

/** Writes the key under which an entry, or what belongs to it, is stored: sorted as the queue is. */
export function writeEntryKey(target: Buffer, queue: number, lane: number, position: number): void {
  target.writeUInt32BE(queue, 0);
  target[4] = lane;
  target.writeUIntBE(position, 5, 6);
}

export function entryKey(queue: number, lane: number, position: number): Buffer {
  const key = Buffer.allocUnsafe(ENTRY_KEY_BYTES);
  writeEntryKey(key, queue, lane, position);
  return key;
}

export function positionOf(key: Buffer): number {
  return key.readUIntBE(5, 6);
}

export function laneKey(queue: number, lane: number): Buffer {
  const key = Buffer.allocUnsafe(LANE_KEY_BYTES);
  key.writeUInt32BE(queue, 0);
  key[4] = lane;
  return key;
}

export function bodyKey(reference: number): Buffer {
  const key = Buffer.allocUnsafe(6);
  key.writeUIntBE(reference, 0, 6);
  return key;
}

/** The key of a named thing of a kind; a name of any length has one. */
export function nameKey(kind: string, name: string): Buffer {
  const whole = Buffer.from(`${kind}\0${name}`);
  if (whole.length <= MAX_NAME_BYTES) return whole;
  const digest = createHash("sha256").update(name).digest();
  return Buffer.concat([Buffer.from(`${kind}\0`), Buffer.of(DIGEST_MARK), digest]);
}

/** The name with its value: the key alone does not always tell it. */
export function encodeNamed(name: string, value: Uint8Array): Buffer {
  const nameBytes = Buffer.byteLength(name);
  const record = Buffer.allocUnsafe(4 + nameBytes + value.length);
  record.writeUInt32BE(nameBytes, 0);
  record.write(name, 4, "utf8");
  record.set(value, 4 + nameBytes);
  return record;
}

export function decodeNamed(record: Buffer): readonly [name: string, value: Buffer] {
  const end = 4 + record.readUInt32BE(0);
  return [record.toString("utf8", 4, end), record.subarray(end)];
}
