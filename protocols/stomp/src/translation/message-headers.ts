import {
  bytesToText,
  deathHeaders,
  encodeTypes,
  type Header,
  type Message,
  publisherHeaders,
  TYPES_HEADER,
  valueToText,
} from "@dragoman/core";
import type { FrameHeader, FrameHeaders, Version } from "../codec/frame.ts";
import { decodeHeaderLines } from "./property-codec.ts";
import { hopHeaders } from "./header-names.ts";
import { writeReplyTo } from "./reply-to.ts";

const NUL = "\0";

/** How messages of other protocols, or of other versions, are put into words. */
export interface MessageWording {
  /** With "full" a header `x-types` tells what was no text, so that it becomes it again when it is sent back. */
  readonly fidelity: "text" | "full";
  /** `expiration` counts milliseconds, as RabbitMQ has it; `expires` is a time since 1970, as ActiveMQ has it. */
  readonly expiryHeader: "expiration" | "expires";
  /**
   * Of repeated headers a client reads the first (STOMP 1.2, Repeated Header Entries). With "suffix" the others
   * are named so that it reads them too: `name-2`, `name-3` and so on.
   */
  readonly repeatedHeaders: "all" | "suffix";
}

/**
 * The headers of a message that are not about this delivery: its properties, then what its application added.
 *
 * @param nowMs milliseconds since 1970, for the time to live that remains
 */
export function messageHeaders(message: Message, nowMs: number, wording: MessageWording): FrameHeaders {
  const deaths = [...deathHeaders(message)];
  if (message.codec.protocol === "stomp") {
    const lines = decodeHeaderLines(message.raw, versionOf(message));
    return [
      ...deaths,
      ...lines.filter(([name]) => !expiryHeaders.has(name)),
      ...expiryLine(message, nowMs, wording),
    ];
  }
  const publisher = publisherHeaders(message);
  const ours = new Set([...deaths, ...publisher].map(([name]) => name));
  return [
    ...propertyLines(message),
    ...expiryLine(message, nowMs, wording),
    ...deaths,
    ...(message.publisher.protocol === "stomp" ? [] : publisher),
    ...userHeaders(message, ours, wording),
  ];
}

/** The version in which a message of STOMP keeps its header lines. */
export function versionOf(message: Message): Version {
  const { version } = message.codec;
  return version === "1.0" || version === "1.1" ? version : "1.2";
}

const expiryHeaders: ReadonlySet<string> = new Set(["expiration", "expires"]);

/** One spelling of the time to live, whichever the sender used. */
function expiryLine(
  { expiresAtMs }: Message,
  nowMs: number,
  { expiryHeader }: MessageWording,
): FrameHeader[] {
  if (expiresAtMs === undefined) return [];
  const value = expiryHeader === "expires" ? expiresAtMs : Math.max(0, expiresAtMs - nowMs);
  return [[expiryHeader, String(value)]];
}

function propertyLines(message: Message): FrameHeader[] {
  const { properties, priority } = message;
  const { correlation, replyTo, timestamp } = properties;
  const lines: (readonly [string, string | undefined])[] = [
    ["content-type", properties.contentType],
    ["content-encoding", properties.contentEncoding],
    ["correlation-id", correlation && correlationText(correlation)],
    ["reply-to", replyTo && writeReplyTo(replyTo)],
    ["priority", priority === undefined ? undefined : String(priority)],
    ["type", properties.type],
    ["timestamp", timestamp && String(timestamp.value)],
    ["app-id", properties.appId],
    ["user-id", properties.claimedUserId],
    ["amqp-message-id", properties.messageId],
    ["persistent", message.durable ? "true" : undefined],
    ["retain", message.retain ? "true" : undefined],
    ["payload-format", properties.utf8 === true ? "1" : undefined],
  ];
  return lines.flatMap(([name, value]): FrameHeader[] => (value === undefined ? [] : [[name, value]]));
}

function correlationText({
  bytes,
  isText,
}: {
  readonly bytes: Uint8Array;
  readonly isText: boolean;
}): string {
  if (!isText) return textOrBase64(bytes);
  return Buffer.from(bytes).toString("utf8");
}

/** MQTT's correlation is bytes; most are text all the same, and are more use so. */
function textOrBase64(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString("utf8");
  return Buffer.from(text).equals(bytes) && !text.includes(NUL) && !text.startsWith("base64:")
    ? text
    : bytesToText(bytes);
}

/** AMQP's headers that say where else a message goes. Headers of these names from elsewhere are just headers. */
const routingHeaders: ReadonlySet<string> = new Set(["CC", "BCC"]);

function userHeaders(
  message: Message,
  ours: ReadonlySet<string>,
  { fidelity, repeatedHeaders }: MessageWording,
): FrameHeader[] {
  const isAmqp = message.codec.protocol === "amqp";
  const named = message.properties.headers
    .filter(([name]) => !ours.has(name) && name !== "" && !(isAmqp && routingHeaders.has(name)))
    .map(([name, value]): Header => [
      hopHeaders.has(name) ? `x-hdr-${name}` : name.replaceAll(NUL, "_"),
      value,
    ]);
  const shown = repeatedHeaders === "suffix" ? numbered(named) : named;
  const types = fidelity === "full" ? encodeTypes(shown) : undefined;
  const lines = shown.map(([name, value]): FrameHeader => [name, withoutNul(valueToText(value))]);
  return types === undefined ? lines : [...lines, [TYPES_HEADER, types]];
}

/** Each name once: a repeat gets the first number from 2 on that makes a name which is not there. */
function numbered(headers: readonly Header[]): Header[] {
  const taken = new Set(headers.map(([name]) => name));
  const counts = new Map<string, number>();
  return headers.map((header): Header => {
    const [name, value] = header;
    let count = (counts.get(name) ?? 0) + 1;
    if (count > 1) while (taken.has(`${name}-${count}`)) count++;
    counts.set(name, count);
    if (count === 1) return header;
    const unique = `${name}-${count}`;
    taken.add(unique);
    return [unique, value];
  });
}

function withoutNul(text: string): string {
  return text.includes(NUL) ? bytesToText(Buffer.from(text)) : text;
}
