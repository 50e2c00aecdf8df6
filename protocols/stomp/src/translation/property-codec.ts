import {
  asBuffer,
  type Correlation,
  type Header,
  type Properties,
  type PropertyCodec,
  restoreTypes,
  text,
  textToBytes,
  type Timestamp,
  TYPES_HEADER,
} from "@dragoman/core";
import type { FrameHeaders, Version } from "../codec/frame.ts";
import { headerOf } from "../codec/frame.ts";
import { decodeHead } from "../codec/frame-head.ts";
import { propertyHeaders } from "./header-names.ts";
import { readReplyTo } from "./reply-to.ts";

/** A number above this is no time in seconds that anybody means (year 5138), so it is in milliseconds. */
const largestSeconds = 100_000_000_000;

/** Header lines as MESSAGE carries them in one version. One object for each version. */
export const STOMP_PROPERTIES: { readonly [V in Version]: PropertyCodec } = {
  "1.0": makeCodec("1.0"),
  "1.1": makeCodec("1.1"),
  "1.2": makeCodec("1.2"),
};

/** What reads the stored messages of every version back. */
export const stompPropertyCodecs: readonly PropertyCodec[] = Object.values(STOMP_PROPERTIES);

/** The header lines that a message of that version keeps, unescaped. */
export function decodeHeaderLines(raw: Uint8Array, version: Version): FrameHeaders {
  const command = Buffer.from("MESSAGE\n");
  return decodeHead(Buffer.concat([command, asBuffer(raw), Buffer.from("\n")]), version).headers;
}

function makeCodec(version: Version): PropertyCodec {
  return { protocol: "stomp", version, decode: (raw) => readProperties(decodeHeaderLines(raw, version)) };
}

function readProperties(lines: FrameHeaders): Properties {
  const replyTo = headerOf(lines, "reply-to");
  const types = headerOf(lines, TYPES_HEADER);
  const own = lines.filter(([name]) => !propertyHeaders.has(name) && name !== TYPES_HEADER);
  return {
    contentType: headerOf(lines, "content-type"),
    contentEncoding: headerOf(lines, "content-encoding"),
    utf8: headerOf(lines, "payload-format") === "1" ? true : undefined,
    headers:
      types === undefined
        ? own.map(([name, value]): Header => [name, text(value)])
        : restoreTypes(own, types),
    correlation: readCorrelation(headerOf(lines, "correlation-id")),
    replyTo: replyTo === undefined ? undefined : readReplyTo(replyTo),
    messageId: headerOf(lines, "amqp-message-id"),
    type: headerOf(lines, "type"),
    appId: headerOf(lines, "app-id"),
    claimedUserId: headerOf(lines, "user-id"),
    timestamp: readTimestamp(headerOf(lines, "timestamp")),
  };
}

function readCorrelation(value: string | undefined): Correlation | undefined {
  if (value === undefined) return undefined;
  const bytes = textToBytes(value);
  return bytes === undefined ? { bytes: Buffer.from(value), isText: true } : { bytes, isText: false };
}

/** RabbitMQ's users write seconds, ActiveMQ's milliseconds. */
function readTimestamp(value: string | undefined): Timestamp | undefined {
  if (value === undefined || !/^\d{1,16}$/.test(value)) return undefined;
  const number = Number(value);
  return { value: number, unit: number > largestSeconds ? "ms" : "s" };
}
