import { asBuffer } from "./byte-reader.ts";
import { BrokerError } from "./errors.ts";
import { HeadDecoder, headRecordBound, writeHead } from "./message-head-record.ts";
import type { MessageHead } from "./message-head.ts";
import { readMessageId } from "./message-id.ts";
import { Message } from "./message.ts";
import type { PropertyCodec } from "./properties.ts";
import type { TopicTable } from "./topic.ts";

/** The layout below. A record of another layout is refused, never guessed at. */
const LAYOUT = 2;

const HAS_DEADLINE = 1;
/** The head is that of an earlier record in the same bytes. */
const HAS_EARLIER_HEAD = 2;

const ID_AT = 2;
const TIME_AT = 18;
/** Layout, flags, identity and time of arrival. */
const FIXED_BYTES = 26;
/** Deadline, and the length of the head or how far before the record it lies. */
const LARGEST_OPTIONAL_BYTES = 8 + 4;

/** A message as bytes for an engine. */
export function encodeMessage(message: Message): Uint8Array {
  const sequence = new MessageSequence();
  const target = Buffer.allocUnsafe(sequence.bound(message));
  return target.subarray(0, sequence.write(message, target, 0));
}

/**
 * Writes the records of messages one behind the other into one buffer. One with the head of an earlier one refers
 * to it: of many that a publisher sends in the same words, each is little more than its body.
 */
export class MessageSequence {
  #head: MessageHead | undefined;
  #headAt = 0;
  /** The one that was asked for last, and what it needs: neighbours mostly have the same. */
  #boundHead: MessageHead | undefined;
  #headBound = 0;

  /** What is written from now on is read without what was written before. */
  begin(): void {
    this.#head = undefined;
  }

  /** As many bytes as the record of the message needs, or more. */
  bound({ head, body }: Message): number {
    const headBytes = head === this.#head ? 0 : this.#boundOf(head);
    return FIXED_BYTES + LARGEST_OPTIONAL_BYTES + headBytes + body.length;
  }

  /**
   * @param target has room for `bound` bytes at `start`, and what was written since `begin` before that
   * @returns the offset behind the last byte written
   */
  write(message: Message, target: Buffer, start: number): number {
    const { head, expiresAtMs, body } = message;
    const isEarlier = head === this.#head;
    target[start] = LAYOUT;
    target[start + 1] = (expiresAtMs === undefined ? 0 : HAS_DEADLINE) | (isEarlier ? HAS_EARLIER_HEAD : 0);
    message.writeId(target, start + ID_AT);
    let at = target.writeDoubleBE(message.receivedAtMs, start + TIME_AT);
    if (expiresAtMs !== undefined) at = target.writeDoubleBE(expiresAtMs, at);
    if (isEarlier) {
      at = target.writeUInt32BE(start - this.#headAt, at);
    } else {
      this.#head = head;
      this.#headAt = at;
      const end = writeHead(head, target, at + 4);
      target.writeUInt32BE(end - at - 4, at);
      at = end;
    }
    target.set(body, at);
    return at + body.length;
  }

  #boundOf(head: MessageHead): number {
    if (head !== this.#boundHead) {
      this.#boundHead = head;
      this.#headBound = headRecordBound(head);
    }
    return this.#headBound;
  }
}

/** Knows how to read messages back: the property codecs of all protocols that may have written them. */
export class MessageDecoder {
  readonly #heads: HeadDecoder;

  constructor(codecs: readonly PropertyCodec[]) {
    this.#heads = new HeadDecoder(codecs);
  }

  /**
   * @param record becomes part of the message: it must not change afterwards
   * @param start where it begins in these bytes, behind those that were written with it; it ends at `end`
   * @throws BrokerError "unavailable" when the record was written by a protocol that this broker does not
   *   have, or by a later release
   */
  decode(record: Uint8Array, topics: TopicTable, start: number = 0, end: number = record.length): Message {
    // One pass with offsets: a backlog of millions is read this way, and each view would cost an object.
    const bytes = asBuffer(record);
    const layout = bytes.readUInt8(start);
    if (layout !== LAYOUT) {
      throw new BrokerError("unavailable", `a stored message has layout ${layout}, which this broker lacks`);
    }
    const flags = bytes.readUInt8(start + 1);
    let at = start + FIXED_BYTES;
    const expiresAtMs = (flags & HAS_DEADLINE) === 0 ? undefined : bytes.readDoubleBE(at);
    if (expiresAtMs !== undefined) at += 8;
    const isEarlier = (flags & HAS_EARLIER_HEAD) !== 0;
    const headAt = isEarlier ? start - bytes.readUInt32BE(at) : at;
    const headEnd = headAt + 4 + bytes.readUInt32BE(headAt);
    const bodyAt = isEarlier ? at + 4 : headEnd;
    return new Message(
      {
        id: readMessageId(bytes, start + ID_AT),
        receivedAtMs: bytes.readDoubleBE(start + TIME_AT),
        expiresAtMs,
        body: bytes.subarray(bodyAt, end),
      },
      this.#heads.decode(bytes, headAt + 4, headEnd, topics),
    );
  }
}
