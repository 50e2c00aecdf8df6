import type { Message, MessageHead } from "@dragoman/core";
import type { FrameHeader, Version } from "../codec/frame.ts";
import { encodeHeaderLines } from "../codec/frame-encoder.ts";
import { contentLengthName, MessageTemplate } from "../translation/message-template.ts";
import type { DestinationSpelling } from "../translation/delivered-destination.ts";
import { isLike, repeatableHead } from "../translation/likeness.ts";
import type { MessageEncoder } from "../translation/message-frame.ts";
import type { Outbox } from "./outbox.ts";

const NUL = 0;
const closingNul = Buffer.from([NUL]);

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
  /** What the template was written for. */
  #head: MessageHead | undefined;
  #template: MessageTemplate | undefined;

  constructor(parts: WriterParts) {
    const { subscriptionId, version, acknowledges } = parts;
    this.#parts = parts;
    this.#outbox = parts.outbox;
    this.#keepsText = parts.outbox.keepsText;
    const headers: FrameHeader[] = subscriptionId === undefined ? [] : [["subscription", subscriptionId]];
    this.#start = `MESSAGE\n${encodeHeaderLines("MESSAGE", headers, version)}message-id:`;
    this.#token = acknowledges === undefined ? "" : `${version === "1.2" ? "\nack:" : "."}${acknowledges}-`;
  }

  /** @param number under which the delivery is to be acknowledged; 0 when that is not expected */
  write(message: Message, number: number, marks: DeliveryMarks): void {
    const { body } = message;
    const isText = this.#keepsText && this.#parts.encoder.isText(message);
    const template = marks === noMarks ? this.#templateFor(message, number) : undefined;
    if (template === undefined || body.length >= largeBodyBytes) {
      const length = `${body.length}\n\n`;
      this.#outbox.send(
        Buffer.concat([this.#writeHead(message, number, marks), Buffer.from(length)]),
        isText,
      );
      this.#outbox.send(body, isText);
      this.#outbox.send(closingNul, isText);
      return;
    }
    const at = this.#outbox.reserve(template.byteCount(body.length) + body.length + 1, isText);
    const { batch } = this.#outbox;
    const bodyAt = template.write(batch, at, message, number, body.length);
    batch.set(body, bodyAt);
    batch[bodyAt + body.length] = NUL;
  }

  /** The last one, if the message is like those before it; undefined when it is like no other. */
  #templateFor(message: Message, number: number): MessageTemplate | undefined {
    const template = this.#template;
    if (template !== undefined && this.#head !== undefined && isLike(message, this.#head)) {
      if (template.fits(number)) return template;
    }
    this.#head = repeatableHead(message);
    if (this.#head === undefined) return undefined;
    const idAt = Buffer.byteLength(this.#start);
    const numberAt = this.#token === "" ? 0 : idAt + message.id.length + this.#token.length;
    this.#template = new MessageTemplate(this.#writeHead(message, number, noMarks), idAt, numberAt, number);
    return this.#template;
  }

  /** From the command to the name of content-length. */
  #writeHead(message: Message, number: number, { redelivered, retained, offset }: DeliveryMarks): Buffer {
    const { encoder, spelling, version } = this.#parts;
    const token = this.#token === "" ? "" : `${this.#token}${number}`;
    const retainedLine = retained ? "retained:true\n" : "";
    const offsetLine = offset === undefined ? "" : `x-stream-offset:${offset}\n`;
    const start = `${this.#start}${message.id}${token}\nredelivered:${redelivered}\n${retainedLine}${offsetLine}`;
    const lines = encoder.lines(message, spelling.of(message), version);
    return Buffer.concat([Buffer.from(start), lines, contentLengthName]);
  }
}
