import type { Message, MessageHead } from "@dragoman/core";
import type { FrameHeader, Version } from "../codec/frame.ts";
import { encodeHeaderLines } from "../codec/frame-encoder.ts";
import { MessageTemplate } from "../translation/message-template.ts";
import type { DestinationSpelling } from "../translation/delivered-destination.ts";
import { isLike, repeatableHead } from "../translation/likeness.ts";
import { type MessageEncoder, MessageVariant } from "../translation/message-frame.ts";
import type { Outbox } from "./outbox.ts";

const NUL = 0;
const closingNul = Buffer.from([NUL]);

/** As long as the identity of a message. */
const anyId = "0".repeat(32);

/** A body from this size on is not copied behind its head. */
const largeBodyBytes = 16 * 1024;

/** What one delivery says of itself. */
export interface DeliveryMarks {
  readonly redelivered: boolean;
  /** It was published earlier and kept as its topic's last message. */
  readonly retained: boolean;
  /** Its place in the stream that it was read from. */
  readonly offset: number | undefined;
}

export const noMarks: DeliveryMarks = { redelivered: false, retained: false, offset: undefined };

export interface WriterParts {
  readonly outbox: Outbox;
  readonly encoder: MessageEncoder;
  readonly version: Version;
  readonly spelling: DestinationSpelling;
  readonly subscriptionId: string | undefined;
  /** Which subscription acknowledgements are for, by its number in the connection; undefined when none are expected. */
  readonly acknowledges: number | undefined;
}

/** Writes the MESSAGE frames of one subscription. */
export class MessageWriter {
  readonly #parts: WriterParts;
  readonly #outbox: Outbox;
  /** Command, subscription and the name of message-id, the same for every message. */
  readonly #start: string;
  /** What stands between message-id and the number of a delivery: STOMP 1.2 has a header for ACK, before it was the id. */
  readonly #token: string;
  readonly #keepsText: boolean;
  readonly #variant: MessageVariant;
  #template: MessageTemplate | undefined;
  /** The lines of the last message, and those that are like it. */
  #head: MessageHead | undefined;
  #lines: Buffer | undefined;

  constructor(parts: WriterParts) {
    const { subscriptionId, version, acknowledges, spelling } = parts;
    this.#parts = parts;
    this.#outbox = parts.outbox;
    this.#keepsText = parts.outbox.keepsText;
    this.#variant = new MessageVariant(version, spelling);
    const headers: FrameHeader[] = subscriptionId === undefined ? [] : [["subscription", subscriptionId]];
    this.#start = `MESSAGE\n${encodeHeaderLines("MESSAGE", headers, version)}message-id:`;
    this.#token = acknowledges === undefined ? "" : `${version === "1.2" ? "\nack:" : "."}${acknowledges}-`;
  }

  /** @param number under which the delivery is to be acknowledged; 0 when that is not expected */
  write(message: Message, number: number, marks: DeliveryMarks): void {
    const { body } = message;
    const isText = this.#keepsText && this.#parts.encoder.isText(message);
    const lines = this.#linesOf(message);
    if (marks !== noMarks || body.length >= largeBodyBytes) {
      const start = Buffer.from(this.#startOf(message.id, number, marks));
      this.#outbox.send(Buffer.concat([start, lines, Buffer.from(`${body.length}\n\n`)]), isText);
      this.#outbox.send(body, isText);
      this.#outbox.send(closingNul, isText);
      return;
    }
    const template = this.#templateFor(number);
    const at = this.#outbox.reserve(template.byteCount(lines, body.length) + body.length + 1, isText);
    const { batch } = this.#outbox;
    const bodyAt = template.write(batch, at, message, number, lines);
    batch.set(body, bodyAt);
    batch[bodyAt + body.length] = NUL;
  }

  /** The last ones without asking the encoder, if the message is like the one before it: most are. */
  #linesOf(message: Message): Buffer {
    if (this.#lines !== undefined && this.#head !== undefined && isLike(message, this.#head))
      return this.#lines;
    const lines = this.#parts.encoder.lines(message, this.#variant);
    this.#head = repeatableHead(message);
    this.#lines = lines;
    return lines;
  }

  #templateFor(number: number): MessageTemplate {
    if (this.#template?.fits(number) === true) return this.#template;
    const idAt = Buffer.byteLength(this.#start);
    const numberAt = this.#token === "" ? 0 : idAt + anyId.length + this.#token.length;
    const start = Buffer.from(this.#startOf(anyId, number, noMarks));
    return (this.#template = new MessageTemplate(start, idAt, numberAt, number));
  }

  /** From the command up to what is said of the message. */
  #startOf(id: string, number: number, { redelivered, retained, offset }: DeliveryMarks): string {
    const token = this.#token === "" ? "" : `${this.#token}${number}`;
    const retainedLine = retained ? "retained:true\n" : "";
    const offsetLine = offset === undefined ? "" : `x-stream-offset:${offset}\n`;
    return `${this.#start}${id}${token}\nredelivered:${redelivered}\n${retainedLine}${offsetLine}`;
  }
}
