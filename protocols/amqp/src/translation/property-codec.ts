import {
  type Correlation,
  findHeader,
  type Header,
  type Headers,
  type Properties,
  type PropertyCodec,
  type ReplyTo,
  type Timestamp,
  Topic,
  TOPIC_REPLY_PREFIX,
  tradeSeparators,
} from "@dragoman/core";
import { PropertyList } from "../codec/property-list.ts";
import { integerOf, textArgument, textOf } from "./arguments.ts";
import { isDeathHeader, readDeaths } from "./death-headers.ts";
import {
  CONTENT_TYPE,
  CORRELATION_ID,
  LONG_HEADERS,
  PAYLOAD_FORMAT,
  REPLY_TO_TOPIC,
  REPLY_TOKEN_PREFIX,
  RETAIN,
} from "./reserved-headers.ts";

const NO_HEADERS: Headers = [];

/** Flags and property list of a basic content header, as the canonical properties. */
export const AMQP_PROPERTIES: PropertyCodec = {
  protocol: "amqp",
  version: "0-9-1",
  decode: (raw) => decode(new PropertyList(raw)),
};

function decode(list: PropertyList): Properties {
  const all = list.headers ?? NO_HEADERS;
  return {
    contentType: list.contentType ?? textArgument(all, CONTENT_TYPE),
    contentEncoding: list.contentEncoding,
    utf8: integerOf(findHeader(all, PAYLOAD_FORMAT)) === 1 ? true : undefined,
    headers: shownHeaders(all),
    correlation: correlationOf(list.correlationId, all),
    replyTo: replyToOf(list.replyTo, all),
    messageId: list.messageId,
    type: list.type,
    appId: list.appId,
    claimedUserId: list.userId,
    timestamp: timestampOf(list.timestamp),
  };
}

const consumed: ReadonlySet<string> = new Set([
  CONTENT_TYPE,
  CORRELATION_ID,
  LONG_HEADERS,
  PAYLOAD_FORMAT,
  REPLY_TO_TOPIC,
  RETAIN,
]);

/** The history is the message's own (`Message.deaths`), unless it is none that we understand. */
function shownHeaders(all: Headers): Headers {
  if (all.length === 0) return all;
  const hasDeaths = readDeaths(all).length > 0;
  const shown = all.filter((header) => !consumed.has(header[0]) && !(hasDeaths && isDeathHeader(header)));
  return [...shown, ...longHeaders(all)];
}

function longHeaders(all: Headers): Header[] {
  const value = findHeader(all, LONG_HEADERS);
  if (value?.type !== "array") return [];
  return value.value.flatMap((item): Header[] => {
    const fields = item.type === "table" ? item.value : NO_HEADERS;
    const name = textArgument(fields, "name");
    const inner = findHeader(fields, "value");
    return name === undefined || inner === undefined ? [] : [[name, inner]];
  });
}

function correlationOf(id: string | undefined, all: Headers): Correlation | undefined {
  if (id !== undefined) return { bytes: Buffer.from(id), isText: true };
  const value = findHeader(all, CORRELATION_ID);
  if (value?.type === "bytes") return { bytes: value.value, isText: false };
  const text = textOf(value);
  return text === undefined ? undefined : { bytes: Buffer.from(text), isText: true };
}

function replyToOf(name: string | undefined, all: Headers): ReplyTo | undefined {
  const key = textArgument(all, REPLY_TO_TOPIC);
  if (name === undefined) {
    return key === undefined ? undefined : { raw: key, address: { kind: "topic", topic: topicOf(key) } };
  }
  if (name.startsWith(TOPIC_REPLY_PREFIX)) {
    const topic = topicOf(name.slice(TOPIC_REPLY_PREFIX.length));
    return { raw: name, address: { kind: "topic", topic } };
  }
  if (name.startsWith(REPLY_TOKEN_PREFIX)) return { raw: name, address: undefined };
  return { raw: name, address: { kind: "queue", name } };
}

function topicOf(key: string): Topic {
  return new Topic(tradeSeparators(key));
}

function timestampOf(seconds: bigint | undefined): Timestamp | undefined {
  return seconds === undefined ? undefined : { value: Number(seconds), unit: "s" };
}

/** All versions, for reading stored messages back. */
export const amqpPropertyCodecs: readonly PropertyCodec[] = [AMQP_PROPERTIES];
