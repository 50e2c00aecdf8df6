import { createHash } from "node:crypto";

export const LANE_KEY_BYTES = 5;
export const MAX_POSITION: number = 2 ** 48 - 1;

const RUN_KEY_BYTES = 14;
const ENTRY_KEY_BYTES = 11;
const LARGEST_SUFFIX = Buffer.of(0xff, 0xff, 0xff);

/** Well below what LMDB allows. */
const MAX_NAME_BYTES = 1_500;
/** No UTF-8 text has this byte, so a name cut short never looks like another. */
const DIGEST_MARK = 0xff;

/** Entries that are stored together, as their key tells. */
export interface Run {
  readonly key: Buffer;
  /** Position of the first entry. */
  readonly first: number;
  /** Position of the last. */
  readonly last: number;
  readonly count: number;
  /** Some of its messages are stored by themselves. */
  readonly hasReferences: boolean;
}

/** The key of a run: sorted as the queue is. A run has 1 to 256 entries, and so many positions at most. */
export function runKey(queue: number, lane: number, run: Omit<Run, "key">): Buffer {
  const key = Buffer.allocUnsafe(RUN_KEY_BYTES);
  writePlace(key, queue, lane, run.first);
  key[11] = run.last - run.first;
  key[12] = run.count - 1;
  key[13] = run.hasReferences ? 1 : 0;
  return key;
}

export function decodeRunKey(key: Buffer): Run {
  const first = positionOf(key);
  const [span, others, flags] = [key.readUInt8(11), key.readUInt8(12), key.readUInt8(13)];
  return { key, first, last: first + span, count: others + 1, hasReferences: flags === 1 };
}

/** Behind the key of any run that begins at this position, and before that of any that begins later. */
export function afterRunsAt(queue: number, lane: number, position: number): Buffer {
  return Buffer.concat([entryKey(queue, lane, position), LARGEST_SUFFIX]);
}

/** The key of what belongs to one entry; as the key of a run it is before all that begin there. */
export function entryKey(queue: number, lane: number, position: number): Buffer {
  const key = Buffer.allocUnsafe(ENTRY_KEY_BYTES);
  writePlace(key, queue, lane, position);
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

/** The name that a key stands for; undefined when it was too long to be in it. */
export function nameOfKey(kind: string, key: Buffer): string | undefined {
  const start = kind.length + 1;
  return key[start] === DIGEST_MARK ? undefined : key.toString("utf8", start);
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
  return [record.toString("utf8", 4, 4 + record.readUInt32BE(0)), namedValue(record)];
}

export function namedValue(record: Buffer): Buffer {
  return record.subarray(4 + record.readUInt32BE(0));
}

/** Keys of a kind between these. */
export interface NameRange {
  readonly start: Buffer;
  /** The first that is not in the range. */
  readonly end: Buffer;
  /** Names that begin otherwise are among them too. */
  readonly isMixed: boolean;
}

/** Where the keys are of all names of a kind that begin with `prefix`. */
export function rangesOf(kind: string, prefix: string): readonly NameRange[] {
  const all = Buffer.from(`${kind}\0`);
  const behindAll = Buffer.from(`${kind}\u0001`);
  if (prefix === "") return [{ start: all, end: behindAll, isMixed: false }];
  // Names that are too long for a key stand together at the end.
  const long = { start: Buffer.concat([all, Buffer.of(DIGEST_MARK)]), end: behindAll, isMixed: true };
  const start = Buffer.from(`${kind}\0${prefix}`);
  if (start.length > MAX_NAME_BYTES) return [long];
  const end = Buffer.from(start);
  end[end.length - 1] = start.readUInt8(start.length - 1) + 1;
  return [{ start, end, isMixed: false }, long];
}

function writePlace(target: Buffer, queue: number, lane: number, position: number): void {
  target.writeUInt32BE(queue, 0);
  target[4] = lane;
  target.writeUIntBE(position, 5, 6);
}
