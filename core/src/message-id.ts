/**
 * What identifies a message, 128 bits in all, ordered by time of arrival. Kept as numbers: most messages are
 * stored and read back without anybody asking for the text.
 */
export interface MessageId {
  /** Milliseconds since 1970; 48 bits. */
  readonly timeMs: number;
  /** A random number of the process that named it; 40 bits. */
  readonly process: number;
  /** Counts the messages that the process named; 40 bits. */
  readonly number: number;
}

const THIS_PROCESS = Buffer.from(crypto.getRandomValues(new Uint8Array(5))).readUIntBE(0, 5);
let messagesNamed = 0;

/** The number of a message that this process names now; its identity is this with its time of arrival. */
export function nextMessageNumber(): number {
  return ++messagesNamed;
}

/** The identity of a message that this process has given this number. */
export function ownMessageId(timeMs: number, number: number): MessageId {
  return { timeMs, process: THIS_PROCESS, number };
}

/** As 32 hexadecimal digits. */
export function formatMessageId(id: MessageId): string {
  const bytes = Buffer.allocUnsafe(16);
  writeMessageId(id, bytes, 0);
  return bytes.toString("hex");
}

export function writeMessageId({ timeMs, process, number }: MessageId, target: Buffer, at: number): void {
  target.writeUIntBE(timeMs, at, 6);
  target.writeUIntBE(process, at + 6, 5);
  target.writeUIntBE(number, at + 11, 5);
}

/** Time and process of the identity that was written last of those of this process: the next one mostly has the same. */
const ownPrefix = Buffer.alloc(11);
let ownPrefixTimeMs = -1;

/** As `writeMessageId` for `ownMessageId`, which is not made for it. */
export function writeOwnMessageId(timeMs: number, number: number, target: Buffer, at: number): void {
  if (timeMs !== ownPrefixTimeMs) {
    ownPrefix.writeUIntBE(timeMs, 0, 6);
    ownPrefix.writeUIntBE(THIS_PROCESS, 6, 5);
    ownPrefixTimeMs = timeMs;
  }
  for (let i = 0; i < ownPrefix.length; i++) target[at + i] = ownPrefix[i] ?? 0;
  target.writeUIntBE(number, at + ownPrefix.length, 5);
}

/** The digits of time and process of the identity that was written last: the next one has probably the same. */
const lastPrefix = Buffer.alloc(22);
let lastTimeMs = -1;
let lastProcess = -1;

/** Writes it as 32 hexadecimal digits in ASCII, without making a string of them. */
export function writeMessageIdText({ timeMs, process, number }: MessageId, target: Buffer, at: number): void {
  if (timeMs !== lastTimeMs || process !== lastProcess) {
    writeHexadecimal(timeMs, 12, lastPrefix, 0);
    writeHexadecimal(process, 10, lastPrefix, 12);
    lastTimeMs = timeMs;
    lastProcess = process;
  }
  for (let i = 0; i < lastPrefix.length; i++) target[at + i] = lastPrefix[i] ?? 0;
  writeHexadecimal(number, 10, target, at + lastPrefix.length);
}

/** @param digits more than 8 */
function writeHexadecimal(value: number, digits: number, target: Buffer, at: number): void {
  const lowAt = at + digits - 8;
  writeNibbles(value >>> 0, lowAt, target, lowAt + 8);
  writeNibbles(Math.floor(value / 2 ** 32), at, target, lowAt);
}

/** The lowest digits of a number of 32 bits, as many as there are places. */
function writeNibbles(value: number, start: number, target: Buffer, end: number): void {
  let left = value;
  for (let at = end - 1; at >= start; at--) {
    const nibble = left & 15;
    target[at] = nibble + (nibble < 10 ? 48 : 87);
    left >>>= 4;
  }
}

/** One that was written earlier, read when somebody asks for it: of a backlog, few are. */
class StoredMessageId implements MessageId {
  readonly #source: Buffer;
  readonly #at: number;

  constructor(source: Buffer, at: number) {
    this.#source = source;
    this.#at = at;
  }

  get timeMs(): number {
    return this.#source.readUIntBE(this.#at, 6);
  }

  get process(): number {
    return this.#source.readUIntBE(this.#at + 6, 5);
  }

  get number(): number {
    return this.#source.readUIntBE(this.#at + 11, 5);
  }
}

/** @param source must not change afterwards */
export function readMessageId(source: Buffer, at: number): MessageId {
  return new StoredMessageId(source, at);
}
