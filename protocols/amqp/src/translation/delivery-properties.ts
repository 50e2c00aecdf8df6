import { isUtf8 } from "node:buffer";
import {
  asBuffer,
  type Correlation,
  type Death,
  type Header,
  type Headers,
  type Message,
  type MessageHead,
  type Properties,
  publisherHeaders,
  type ReplyTo,
  text,
  type Timestamp,
  TOPIC_REPLY_PREFIX,
  type Value,
  valueToText,
  type VirtualHost,
} from "@dragoman/core";
import { isShort, MAX_SHORT_BYTES, shortened } from "../codec/primitives.ts";
import { type BasicProperties, encodeProperties } from "../codec/properties.ts";
import { PropertyList } from "../codec/property-list.ts";
import type { AmqpOptions, RepeatedHeaders } from "../options.ts";
import { carbonCopies, publishedFirst } from "./copies.ts";
import { deathTables, isDeathHeader } from "./death-headers.ts";
import { AMQP_PROPERTIES } from "./property-codec.ts";
import {
  CC,
  CONTENT_TYPE,
  CORRELATION_ID,
  CORRELATION_TOKEN_PREFIX,
  LONG_HEADERS,
  PAYLOAD_FORMAT,
  REPLY_TO_TOPIC,
  REPLY_TOKEN_PREFIX,
  RETAIN,
  TOPIC,
} from "./reserved-headers.ts";

/** Who gets it, as far as its properties depend on that. */
export interface Receiver {
  readonly vhost: VirtualHost;
  readonly options: Pick<AmqpOptions, "repeatedHeaders">;
}

/** Encodings that hold for every receiver of a broker, as long as the message lives. */
const encoded = new WeakMap<Message, Uint8Array>();

/**
 * Flags and property list with which the message leaves: the bytes that came in, when it came by AMQP and
 * nothing happened to it since; otherwise encoded once and kept.
 */
export function propertiesFor(message: Message, receiver: Receiver): Uint8Array {
  const isOurs = message.codec === AMQP_PROPERTIES;
  if (isOurs && message.deaths.length === 0) return message.raw;
  if (!isOurs && saysNothing(message)) return publisherOnly(message, receiver);
  const known = encoded.get(message);
  if (known !== undefined) return known;
  const properties = encodeProperties(isOurs ? withHistory(message) : converted(message, receiver));
  // What is left of its time to live differs from one delivery to the next.
  if (isOurs || message.expiresAtMs === undefined) encoded.set(message, properties);
  return properties;
}

/** True when it came from another protocol without any property: what it leaves with is about its publisher alone. */
function saysNothing({ raw, priority, expiresAtMs, deaths }: Message): boolean {
  return raw.length === 0 && priority === undefined && expiresAtMs === undefined && deaths.length === 0;
}

/** The last of those and its encoding: the next one probably comes from the same publisher, to the same topic. */
let last: { readonly head: MessageHead; readonly properties: Uint8Array } | undefined;

function publisherOnly(message: Message, receiver: Receiver): Uint8Array {
  const { head } = message;
  if (last === undefined || !isAlike(head, last.head)) {
    last = { head, properties: encodeProperties(converted(message, receiver)) };
  }
  return last.properties;
}

/** True when nothing differs that `converted` reads of a message which says nothing itself. */
function isAlike(head: MessageHead, other: MessageHead): boolean {
  return (
    head.publisher === other.publisher &&
    head.topic === other.topic &&
    head.durable === other.durable &&
    head.qos === other.qos &&
    head.retain === other.retain &&
    head.codec === other.codec
  );
}

/** A message that was dead-lettered: with its history, without what dead-lettering took off. */
function withHistory(message: Message): BasicProperties {
  const all = new PropertyList(message.raw).decodeAll();
  const kept = (all.headers ?? []).filter(
    (header) => !isDeathHeader(header) && (header[0] !== CC || message.copies !== undefined),
  );
  const headers = [...deathTables(withoutHiddenKeys(message.deaths, all)), ...kept];
  return { ...all, headers, expiration: message.ttlRaw };
}

/** Only the keys that the publisher showed. */
function withoutHiddenKeys(deaths: readonly Death[], { headers = [] }: BasicProperties): Death[] {
  const cc = carbonCopies(headers);
  return deaths.map((death) => ({ ...death, keys: publishedFirst(death.keys, cc) }));
}

function converted(message: Message, { vhost, options }: Receiver): BasicProperties {
  const { properties } = message;
  const extra: Header[] = [];
  const short = (name: string, value: string | undefined): string | undefined => {
    if (value === undefined || isShort(value)) return value;
    extra.push([name, text(value)]);
    return undefined;
  };
  const fields: BasicProperties = {
    contentType: short(CONTENT_TYPE, properties.contentType),
    contentEncoding: short("content-encoding", properties.contentEncoding),
    deliveryMode: deliveryModeOf(message),
    priority: message.priority,
    correlationId: correlationId(properties.correlation, vhost, extra),
    replyTo: replyName(properties.replyTo, vhost, extra),
    expiration: remaining(message, vhost.timers.now()),
    messageId: short("amqp-message-id", properties.messageId),
    timestamp: secondsOf(properties.timestamp),
    type: short("type", properties.type),
    userId: short("user-id", properties.claimedUserId),
    appId: short("app-id", properties.appId),
  };
  const headers = [
    ...applicationHeaders(properties, options.repeatedHeaders),
    ...extra,
    ...brokerHeaders(message, properties),
  ];
  return { ...fields, headers };
}

function deliveryModeOf({ durable, qos }: Message): number | undefined {
  if (durable) return 2;
  return qos === undefined ? undefined : 1;
}

/** What the publisher's application wrote; a table has each name once. */
function applicationHeaders({ headers }: Properties, repeated: RepeatedHeaders): Header[] {
  const byName = new Map<string, Value[]>();
  for (const [name, value] of headers) {
    const values = byName.get(name);
    if (values === undefined) byName.set(name, [value]);
    else values.push(value);
  }
  const all = [...byName]
    .filter(([name]) => !name.startsWith("x-publisher-"))
    .map(([name, values]): Header => [name, spellable(together(values, repeated))]);
  const long = all.filter(([name]) => !isShort(name));
  if (long.length === 0) return all;
  const tables = long.map(([name, value]): Value => {
    return {
      type: "table",
      value: [
        ["name", text(name)],
        ["value", value],
      ],
    };
  });
  return [...all.filter(([name]) => isShort(name)), [LONG_HEADERS, { type: "array", value: tables }]];
}

/** The value with names in its tables as long as AMQP can write them: nothing may fail within a delivery. */
function spellable(value: Value): Value {
  if (value.type === "array") return { type: "array", value: value.value.map(spellable) };
  if (value.type !== "table") return value;
  const fields = value.value.map(([name, inner]): Header => [shortened(name), spellable(inner)]);
  return { type: "table", value: fields };
}

function together(values: readonly Value[], repeated: RepeatedHeaders): Value {
  const [first] = values;
  const final = values.at(-1);
  if (first !== undefined && (values.length === 1 || repeated === "first")) return first;
  if (final !== undefined && repeated === "last") return final;
  if (repeated === "join") return text(values.map(valueToText).join(","));
  return { type: "array", value: values };
}

/** What the broker says of a message that crosses from another protocol. */
function brokerHeaders(message: Message, { utf8 }: Properties): Header[] {
  const headers: Header[] = [];
  if (utf8 === true) headers.push([PAYLOAD_FORMAT, { type: "int32", value: 1 }]);
  if (message.retain) headers.push([RETAIN, { type: "boolean", value: true }]);
  if (!isShort(message.topic.key)) headers.push([TOPIC, text(message.topic.path)]);
  for (const [name, value] of publisherHeaders(message)) headers.push([name, text(value)]);
  return [...headers, ...deathTables(message.deaths)];
}

/** Text as it is; for anything else a token that an answer can repeat, and the bytes beside it. */
function correlationId(
  correlation: Correlation | undefined,
  vhost: VirtualHost,
  extra: Header[],
): string | undefined {
  if (correlation === undefined) return undefined;
  const bytes = asBuffer(correlation.bytes);
  if (bytes.length <= MAX_SHORT_BYTES && isUtf8(bytes) && !bytes.includes(0)) return bytes.toString("utf8");
  extra.push([CORRELATION_ID, { type: "bytes", value: bytes }]);
  // A view would keep the whole message.
  return CORRELATION_TOKEN_PREFIX + vhost.correlations.issue(Uint8Array.from(bytes));
}

/** A queue name to which an ordinary client can send its answer, wherever that then goes. */
function replyName(reply: ReplyTo | undefined, vhost: VirtualHost, extra: Header[]): string | undefined {
  if (reply === undefined) return undefined;
  const { address, raw } = reply;
  if (address === undefined) return isShort(raw) ? raw : undefined;
  if (address.kind === "topic") extra.push([REPLY_TO_TOPIC, text(address.topic.key)]);
  const name =
    address.kind === "queue"
      ? address.name
      : address.kind === "topic"
        ? TOPIC_REPLY_PREFIX + address.topic.key
        : undefined;
  if (name !== undefined && isShort(name)) return name;
  return REPLY_TOKEN_PREFIX + vhost.replies.issue(address);
}

function remaining({ expiresAtMs }: Message, nowMs: number): string | undefined {
  return expiresAtMs === undefined ? undefined : String(Math.max(0, Math.ceil(expiresAtMs - nowMs)));
}

function secondsOf(timestamp: Timestamp | undefined): bigint | undefined {
  if (timestamp === undefined) return undefined;
  const seconds = timestamp.unit === "s" ? timestamp.value : timestamp.value / 1_000;
  return BigInt(Math.max(0, Math.floor(seconds)));
}

/** The properties with one more header, or with another value for it. */
export function withHeader(properties: Uint8Array, header: Header): Uint8Array {
  const all = new PropertyList(properties).decodeAll();
  const others: Headers = (all.headers ?? []).filter(([name]) => name !== header[0]);
  return encodeProperties({ ...all, headers: [...others, header] });
}
