import { isUtf8 } from "node:buffer";
import { asBuffer, deathHeaders, type Message, type MessageHead, TOPIC_SPACE } from "@dragoman/core";
import type { FrameHeaders, Version } from "../codec/frame.ts";
import { encodeHeaderLines } from "../codec/frame-encoder.ts";
import { isLike, repeatableHead } from "./likeness.ts";
import { messageHeaders, type MessageWording, versionOf } from "./message-headers.ts";

/** Destinations whose header lines are remembered. */
const maxKnownLines = 64;

/**
 * Encodes what MESSAGE frames say of a message to all of their receivers: once for each version and destination
 * under which they want it, and not again for messages that are alike.
 */
export class MessageEncoder {
  readonly #now: () => number;
  readonly #wording: MessageWording;
  readonly #lines = new Map<string, { readonly head: MessageHead; readonly bytes: Buffer }>();
  /** A message goes to all of its receivers in one turn, so only the last one is remembered. */
  #lastBody: Uint8Array | undefined;
  #lastIsText = false;

  /** @param now milliseconds since 1970 */
  constructor(now: () => number, wording: MessageWording) {
    this.#now = now;
    this.#wording = wording;
  }

  /** Header lines for destination and own headers. */
  lines(message: Message, destination: string, version: Version): Buffer {
    const variant = `${version}${destination}`;
    const known = this.#lines.get(variant);
    if (known !== undefined && isLike(message, known.head)) return known.bytes;
    const bytes = this.#encode(message, destination, version);
    const head = repeatableHead(message);
    if (head === undefined) return bytes;
    if (this.#lines.size >= maxKnownLines) this.#lines.clear();
    this.#lines.set(variant, { head, bytes });
    return bytes;
  }

  /** The body is UTF-8, so that the frame may travel as text. */
  isText({ body }: Message): boolean {
    if (body !== this.#lastBody) {
      this.#lastBody = body;
      this.#lastIsText = isUtf8(body);
    }
    return this.#lastIsText;
  }

  /** Lets go of what was remembered: to be called now and then, since it may be large. */
  forget(): void {
    this.#lines.clear();
    this.#lastBody = undefined;
  }

  #encode(message: Message, destination: string, version: Version): Buffer {
    const place = encodeHeaderLines("MESSAGE", placeOf(message, destination), version);
    return Buffer.concat([Buffer.from(place), ownLines(message, version, this.#now(), this.#wording)]);
  }
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
    : Buffer.concat([lines(deathHeaders(message), version), asBuffer(message.raw)]);
}

function lines(headers: FrameHeaders, version: Version): Buffer {
  return Buffer.from(encodeHeaderLines("MESSAGE", headers, version));
}
