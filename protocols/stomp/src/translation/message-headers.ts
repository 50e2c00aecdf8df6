import { bytesToText, deathHeaders, type Message, publisherHeaders, valueToText } from "@dragoman/core";
import type { FrameHeader, FrameHeaders, Version } from "../codec/frame.ts";
import { decodeHeaderLines } from "./property-codec.ts";
import { hopHeaders } from "./header-names.ts";
import { writeReplyTo } from "./reply-to.ts";

const NUL = "\0";

/**
 * The headers of a message that are not about this delivery: its properties, then what its application added.
 *
 * @param nowMs milliseconds since 1970, for the time to live that remains
 */
export function messageHeaders(message: Message, nowMs: number): FrameHeaders {
  const deaths = [...deathHeaders(message)];
  if (message.codec.protocol === "stomp") {
    return [...deaths, ...remainingLife(decodeHeaderLines(message.raw, versionOf(message)), message, nowMs)];
  }
  const publisher = publisherHeaders(message);
  const ours = new Set([...deaths, ...publisher].map(([name]) => name));
  return [
    ...propertyLines(message, nowMs),
    ...deaths,
    ...(message.publisher.protocol === "stomp" ? [] : publisher),
    ...userHeaders(message, ours),
  ];
}

/** The version in which a message of STOMP keeps its header lines. */
export function versionOf(message: Message): Version {
  const { version } = message.codec;
  return version === "1.0" || version === "1.1" ? version : "1.2";
}

/** Another version gets one spelling of the time to live, whichever the sender used: what remains of it. */
function remainingLife(lines: FrameHeaders, { expiresAtMs }: Message, nowMs: number): FrameHeader[] {
  const others = lines.filter(([name]) => name !== "expires" && name !== "expiration");
  return expiresAtMs === undefined ? others : [...others, ["expiration", remaining(expiresAtMs, nowMs)]];
}

function remaining(expiresAtMs: number, nowMs: number): string {
  return String(Math.max(0, expiresAtMs - nowMs));
}

function propertyLines(message: Message, nowMs: number): FrameHeader[] {
  const { properties, expiresAtMs, priority } = message;
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
    ["expiration", expiresAtMs === undefined ? undefined : remaining(expiresAtMs, nowMs)],
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

function userHeaders(message: Message, ours: ReadonlySet<string>): FrameHeader[] {
  const isAmqp = message.codec.protocol === "amqp";
  return message.properties.headers.flatMap(([name, value]): FrameHeader[] => {
    if (ours.has(name) || name === "" || (isAmqp && routingHeaders.has(name))) return [];
    const safeName = hopHeaders.has(name) ? `x-hdr-${name}` : name.replaceAll(NUL, "_");
    const text = valueToText(value);
    return [[safeName, text.includes(NUL) ? bytesToText(Buffer.from(text)) : text]];
  });
}
