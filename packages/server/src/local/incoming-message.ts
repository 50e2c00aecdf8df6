import {
  asBuffer,
  type Headers,
  type Message,
  type Publisher,
  type Value,
  valueToText,
} from "@dragoman/core";
import type { HeaderValue } from "./outgoing-message.ts";
import { type Target, toTarget } from "./target.ts";

/** What a program gets without a socket. */
export interface IncomingMessage {
  /** As MQTT writes it: levels joined by "/". */
  readonly topic: string;
  /** Shared with everybody who gets the message: not to be changed. */
  readonly body: Buffer;
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
  /** Of a repeated name the first; values that JavaScript has no type for as text. */
  readonly headers: Readonly<Record<string, HeaderValue>>;
  readonly correlationId: string | Buffer | undefined;
  /** To be spread into the answer: `publish({ ...message.replyTo, body })`. */
  readonly replyTo: Target | undefined;
  readonly messageId: string | undefined;
  readonly type: string | undefined;
  /** It was there before the subscription. */
  readonly retained: boolean;
  readonly publisher: Publisher;
}

export function toIncoming(message: Message, retained: boolean): IncomingMessage {
  const { contentType, contentEncoding, headers, correlation, replyTo, messageId, type } = message.properties;
  const correlationBytes = correlation && asBuffer(correlation.bytes);
  return {
    topic: message.topic.path,
    body: asBuffer(message.body),
    contentType,
    contentEncoding,
    headers: fromHeaders(headers),
    correlationId: correlation?.isText === true ? correlationBytes?.toString() : correlationBytes,
    replyTo: replyTo?.address && toTarget(replyTo.address),
    messageId,
    type,
    retained,
    publisher: message.publisher,
  };
}

function fromHeaders(headers: Headers): Record<string, HeaderValue> {
  // From the last to the first, so that the first of a repeated name stays.
  return Object.fromEntries(headers.toReversed().map(([name, value]) => [name, fromValue(value)]));
}

function fromValue(value: Value): HeaderValue {
  switch (value.type) {
    case "text":
    case "boolean":
      return value.value;
    case "bytes":
      return asBuffer(value.value);
    case "int8":
    case "uint8":
    case "int16":
    case "uint16":
    case "int32":
    case "uint32":
    case "float32":
    case "float64":
      return value.value;
    case "int64":
    case "uint64": {
      const plain = Number(value.value);
      return Number.isSafeInteger(plain) ? plain : value.value;
    }
    case "decimal":
    case "timestamp":
    case "table":
    case "array":
    case "void":
      return valueToText(value);
  }
}
