import { isUtf8 } from "node:buffer";
import { asBuffer, deathHeaders, type Message, TOPIC_SPACE } from "@dragoman/core";
import type { FrameHeaders, Version } from "../codec/frame.ts";
import { encodeHeaderLines } from "../codec/frame-encoder.ts";
import { messageHeaders, type MessageWording, versionOf } from "./message-headers.ts";

/** The part of a MESSAGE frame that is the same for all subscriptions that see it under one destination. */
export interface MessageTail {
  /** Destination, the message's own headers and the blank line; then body and NUL, unless they come apart. */
  readonly head: Buffer;
  /** A large body, to be sent by itself, with `closingNul` after it. */
  readonly body: Buffer | undefined;
  /** The body is UTF-8, so the frame may travel as text. */
  readonly isText: boolean;
}

export const closingNul: Buffer = Buffer.from([0]);

const NUL = 0;

/** Destinations whose header lines are remembered. */
const maxKnownLines = 64;

/** A body from this size on is not copied behind its headers. */
const largeBodyBytes = 16 * 1024;

/**
 * Encodes messages for any number of receivers: once for each version and destination under which they want it.
 * A message goes to all of its receivers in one turn, so only the last one is remembered.
 */
export class MessageEncoder {
  readonly #now: () => number;
  readonly #wording: MessageWording;
  #message: Message | undefined;
  readonly #tails = new Map<string, MessageTail>();
  /** Header lines by variant, with the message that they were written for. */
  readonly #lines = new Map<string, { readonly message: Message; readonly bytes: Buffer }>();

  /** @param now milliseconds since 1970 */
  constructor(now: () => number, wording: MessageWording) {
    this.#now = now;
    this.#wording = wording;
  }

  tail(message: Message, destination: string, version: Version): MessageTail {
    if (message !== this.#message) {
      this.#message = message;
      this.#tails.clear();
    }
    const variant = `${version}${destination}`;
    let tail = this.#tails.get(variant);
    if (tail === undefined) {
      tail = this.#encode(message, destination, version, variant);
      this.#tails.set(variant, tail);
    }
    return tail;
  }

  #encode(message: Message, destination: string, version: Version, variant: string): MessageTail {
    const body = asBuffer(message.body);
    const place = this.#headerLines(message, destination, version, variant);
    const last = `content-length:${body.length}\n\n`;
    const isLarge = body.length >= largeBodyBytes;
    const headBytes = place.length + last.length;
    const head = Buffer.allocUnsafe(isLarge ? headBytes : headBytes + body.length + 1);
    place.copy(head);
    head.write(last, place.length, "latin1");
    if (!isLarge) {
      body.copy(head, headBytes);
      head[head.length - 1] = NUL;
    }
    return { head, body: isLarge ? body : undefined, isText: isUtf8(body) };
  }

  /** Destination and own headers: those of the message before, when this one says the same. */
  #headerLines(message: Message, destination: string, version: Version, variant: string): Buffer {
    const known = this.#lines.get(variant);
    if (known !== undefined && saysTheSame(message, known.message)) return known.bytes;
    const place = encodeHeaderLines("MESSAGE", placeOf(message, destination), version);
    const own = ownLines(message, version, this.#now(), this.#wording);
    const bytes = Buffer.concat([Buffer.from(place), own]);
    if (this.#lines.size >= maxKnownLines) this.#lines.clear();
    this.#lines.set(variant, { message, bytes });
    return bytes;
  }

  /** Lets go of the last message: to be called now and then, since it may be large. */
  forget(): void {
    this.#message = undefined;
    this.#tails.clear();
    this.#lines.clear();
  }
}

/** True when nothing differs that header lines are written from; what has a deadline says something else each time. */
function saysTheSame(message: Message, other: Message): boolean {
  return (
    message.publisher === other.publisher &&
    message.topic === other.topic &&
    message.exchange === other.exchange &&
    message.codec === other.codec &&
    message.priority === other.priority &&
    message.durable === other.durable &&
    message.retain === other.retain &&
    isTimeless(message) &&
    isTimeless(other) &&
    (message.raw === other.raw || asBuffer(message.raw).equals(other.raw))
  );
}

function isTimeless({ expiresAtMs, deaths }: Message): boolean {
  return expiresAtMs === undefined && deaths.length === 0;
}

/** Where the message was sent to; a topic that the destination spells with escapes also as it is. */
function placeOf({ exchange, topic }: Message, destination: string): FrameHeaders {
  const isEscaped = exchange === TOPIC_SPACE && destination.includes("%");
  return isEscaped
    ? [
        ["destination", destination],
        ["x-topic", topic.path],
      ]
    : [["destination", destination]];
}

/** The bytes that came in, if they came in this version and nothing is to be added. */
function ownLines(message: Message, version: Version, nowMs: number, wording: MessageWording): Uint8Array {
  const isSame = message.codec.protocol === "stomp" && versionOf(message) === version;
  if (!isSame) return lines(messageHeaders(message, nowMs, wording), version);
  return message.deaths.length === 0
    ? message.raw
    : Buffer.concat([lines(deathHeaders(message), version), message.raw]);
}

function lines(headers: FrameHeaders, version: Version): Buffer {
  return Buffer.from(encodeHeaderLines("MESSAGE", headers, version));
}
