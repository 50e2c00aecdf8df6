import { isUtf8 } from "node:buffer";
import {
  asBuffer,
  deathHeaders,
  type Message,
  type MessageHead,
  type Topic,
  TOPIC_SPACE,
} from "@dragoman/core";
import type { FrameHeaders, Version } from "../codec/frame.ts";
import { encodeHeaderLines } from "../codec/frame-encoder.ts";
import type { DestinationSpelling } from "./delivered-destination.ts";
import { isLike, repeatableHead } from "./likeness.ts";
import { messageHeaders, type MessageWording, versionOf } from "./message-headers.ts";

const contentLengthName = Buffer.from("content-length:");

/** Header lines that are remembered for all connections together. */
const maxKnownLines = 1_024;

/** What a message is said in to one subscription. */
export class MessageVariant {
  readonly version: Version;
  readonly spelling: DestinationSpelling;
  /** The same for all subscriptions to which a message is said alike. */
  readonly key: string;

  constructor(version: Version, spelling: DestinationSpelling) {
    this.version = version;
    this.spelling = spelling;
    this.key = `${version} ${spelling.manner}`;
  }
}

/** What was said of messages with that head. */
interface KnownLines {
  readonly head: MessageHead;
  readonly bytes: Buffer;
}

/**
 * Encodes what MESSAGE frames say of a message to all of their receivers: once for each version and manner of
 * spelling destinations in which they want it, and not again for messages that are alike.
 */
export class MessageEncoder {
  readonly #now: () => number;
  readonly #wording: MessageWording;
  /** By the key of their variant and the topic of their message. */
  readonly #lines = new Map<string, Map<Topic, KnownLines>>();
  #lineCount = 0;
  /** A message goes to all of its receivers in one turn, so only the last one is remembered. */
  #lastBody: Uint8Array | undefined;
  #lastIsText = false;

  /** @param now milliseconds since 1970 */
  constructor(now: () => number, wording: MessageWording) {
    this.#now = now;
    this.#wording = wording;
  }

  /** Header lines for destination and own headers, up to the name of content-length, which stands behind them. */
  lines(message: Message, { key, spelling, version }: MessageVariant): Buffer {
    const known = this.#lines.get(key)?.get(message.topic);
    if (known !== undefined && isLike(message, known.head)) return known.bytes;
    const bytes = this.#encode(message, spelling.of(message), version);
    const head = repeatableHead(message);
    if (head !== undefined && !head.topic.isFleeting) this.#learn(key, { head, bytes });
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
    this.#lineCount = 0;
    this.#lastBody = undefined;
  }

  #learn(key: string, known: KnownLines): void {
    if (this.#lineCount >= maxKnownLines) this.forget();
    let byTopic = this.#lines.get(key);
    if (byTopic === undefined) this.#lines.set(key, (byTopic = new Map()));
    if (!byTopic.has(known.head.topic)) this.#lineCount++;
    byTopic.set(known.head.topic, known);
  }

  #encode(message: Message, destination: string, version: Version): Buffer {
    const place = encodeHeaderLines("MESSAGE", placeOf(message, destination), version);
    const own = ownLines(message, version, this.#now(), this.#wording);
    return Buffer.concat([Buffer.from(place), own, contentLengthName]);
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
