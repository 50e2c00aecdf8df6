import { Message, MessageHead, type Publisher, type Topic } from "@dragoman/core";
import type { Frame, FrameHeader, FrameHeaders, Version } from "../codec/frame.ts";
import { headerOf } from "../codec/frame.ts";
import { maxKnownHeadBytes } from "../codec/frame-decoder.ts";
import { encodeHeaderLines } from "../codec/frame-encoder.ts";
import { StompError } from "../stomp-error.ts";
import { hopHeaders, queueArgumentHeaders } from "./header-names.ts";
import { booleanHeader, numberHeader } from "./header-values.ts";
import { STOMP_PROPERTIES } from "./property-codec.ts";

/** Where a SEND leads, and who sent it when. */
export interface SendContext {
  readonly exchange: string;
  readonly topic: Topic;
  readonly publisher: Publisher;
  readonly version: Version;
  readonly nowMs: number;
  /** The reply-to header with the name of a temporary queue in it, if the frame's own is to be replaced. */
  readonly replyTo: string | undefined;
}

/**
 * Reads the SENDs of one client. What the headers of the last one mean is remembered, as long as it says nothing about
 * time: for the next frame that is like it, the decoder gives the same ones again.
 */
export class SendReader {
  #headers: FrameHeaders | undefined;
  #head: MessageHead | undefined;

  /**
   * The message that a SEND asks for. It keeps nothing of the frame but copies.
   *
   * @throws StompError "malformed", naming the header
   */
  read(frame: Frame, context: SendContext): Message {
    const { headers } = frame;
    const { nowMs, replyTo } = context;
    const known = this.headOf(headers);
    if (known !== undefined) return new Message({ body: ownBody(frame), receivedAtMs: nowMs }, known);
    const expiresAtMs = readExpiry(headers, nowMs);
    const delayMs = readDelay(headers, nowMs);
    const head = readHead(headers, delayMs, context);
    const isTimeless = expiresAtMs === undefined && delayMs === undefined;
    if (isTimeless && replyTo === undefined && frame.head.length <= maxKnownHeadBytes) {
      this.#headers = headers;
      this.#head = head;
    }
    return new Message({ body: ownBody(frame), receivedAtMs: nowMs, expiresAtMs }, head);
  }

  /** The head of the last message, if these were its headers and all the next ones that have them are like it. */
  headOf(headers: FrameHeaders): MessageHead | undefined {
    return headers === this.#headers ? this.#head : undefined;
  }
}

function readHead(headers: FrameHeaders, delayMs: number | undefined, context: SendContext): MessageHead {
  const { exchange, topic, publisher, version, replyTo } = context;
  const lines = encodeHeaderLines("MESSAGE", carriedHeaders(headers, replyTo), version);
  return new MessageHead({
    exchange,
    topic,
    publisher,
    durable: booleanHeader(headers, "persistent") ?? false,
    retain: booleanHeader(headers, "retain") ?? false,
    priority: numberHeader(headers, "priority", 255),
    ttlRaw: headerOf(headers, "expiration"),
    delayMs,
    codec: STOMP_PROPERTIES[version],
    raw: Buffer.from(lines),
  });
}

/** The body in memory of its own. */
function ownBody({ body, ownsBody }: Frame): Buffer {
  return ownsBody ? body : Buffer.from(body);
}

/** What belongs to the message and not to this hop, in the order in which it came. */
function carriedHeaders(headers: FrameHeaders, replyTo: string | undefined): FrameHeader[] {
  const carried: FrameHeader[] = [];
  for (const header of headers) {
    const [name] = header;
    if (hopHeaders.has(name) || queueArgumentHeaders.has(name)) continue;
    carried.push(name === "reply-to" && replyTo !== undefined ? [name, replyTo] : header);
  }
  return carried;
}

/** RabbitMQ's `expiration` counts milliseconds from now, ActiveMQ's `expires` is a time; 0 there is never. */
function readExpiry(headers: FrameHeaders, nowMs: number): number | undefined {
  const lifeMs = numberHeader(headers, "expiration");
  if (lifeMs !== undefined) return nowMs + lifeMs;
  const atMs = numberHeader(headers, "expires");
  return atMs === 0 ? undefined : atMs;
}

const longestDelayMs = 2 ** 32;

function readDelay(headers: FrameHeaders, nowMs: number): number | undefined {
  const atMs = numberHeader(headers, "AMQ_SCHEDULED_TIME");
  const delayMs =
    numberHeader(headers, "x-delay", longestDelayMs) ??
    numberHeader(headers, "AMQ_SCHEDULED_DELAY", longestDelayMs) ??
    (atMs === undefined ? undefined : Math.max(0, atMs - nowMs));
  if (delayMs !== undefined && delayMs > longestDelayMs) {
    throw new StompError("malformed", "Invalid header", "header AMQ_SCHEDULED_TIME is too far in the future");
  }
  return delayMs === 0 ? undefined : delayMs;
}
