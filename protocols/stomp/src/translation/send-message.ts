import { Message, MessageHead, type Publisher, type Topic } from "@dragoman/core";
import type { Frame, FrameHeader, FrameHeaders, Version } from "../codec/frame.ts";
import { headerOf } from "../codec/frame.ts";
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
 * The message that a SEND asks for. It keeps nothing of the frame but copies.
 *
 * @throws StompError "malformed", naming the header
 */
export function readSend(frame: Frame, context: SendContext): Message {
  const { headers } = frame;
  const { nowMs, version, exchange, topic, publisher } = context;
  const known = knownHeads.get(headers);
  if (known !== undefined) return new Message({ body: ownBody(frame), receivedAtMs: nowMs }, known);
  const expiresAtMs = readExpiry(headers, nowMs);
  const delayMs = readDelay(headers, nowMs);
  const lines = encodeHeaderLines("MESSAGE", carriedHeaders(headers, context.replyTo), version);
  const head = new MessageHead({
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
  if (expiresAtMs === undefined && delayMs === undefined && context.replyTo === undefined) {
    knownHeads.set(headers, head);
  }
  return new Message({ body: ownBody(frame), receivedAtMs: nowMs, expiresAtMs }, head);
}

/** What headers mean that say nothing about time, so long as the decoder gives the same ones again. */
const knownHeads = new WeakMap<FrameHeaders, MessageHead>();

/** The head of the message that `readSend` made of a frame with these headers, if all the next ones have the same. */
export function knownHead(headers: FrameHeaders): MessageHead | undefined {
  return knownHeads.get(headers);
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
