import {
  CORE_PROPERTIES,
  encodeCoreProperties,
  type Headers,
  Message,
  type Properties,
  type Publisher,
  text,
  type TopicTable,
  type Value,
} from "@dragoman/core";
import { resolveTarget, type Target, toAddress } from "./target.ts";

/** A value of a header as JavaScript knows it. A whole number is an integer for other protocols too. */
export type HeaderValue = string | number | bigint | boolean | Uint8Array;

/** What a program publishes without a socket. */
export type OutgoingMessage = Target & {
  /** A text is sent as UTF-8. Empty when left out. */
  readonly body?: string | Uint8Array | undefined;
  readonly contentType?: string | undefined;
  readonly contentEncoding?: string | undefined;
  readonly headers?: Readonly<Record<string, HeaderValue>> | undefined;
  readonly correlationId?: string | Uint8Array | undefined;
  /** Where an answer goes. */
  readonly replyTo?: Target | undefined;
  readonly messageId?: string | undefined;
  readonly type?: string | undefined;
  /** 0 to 255; higher is sooner in a queue with priorities. */
  readonly priority?: number | undefined;
  /** Survives a restart in a durable queue. True when left out. */
  readonly durable?: boolean | undefined;
  /** Becomes the topic's last message, which later subscribers get at once. */
  readonly retain?: boolean | undefined;
  /** Milliseconds after which it is delivered to nobody. */
  readonly expiresInMs?: number | undefined;
};

const LOCAL: Publisher = {
  protocol: "core",
  version: "1",
  connectionId: "local",
  clientId: "local",
  user: "local",
  peer: "local",
};

export function toMessage(outgoing: OutgoingMessage, topics: TopicTable, nowMs: number): Message {
  const { body = "", priority, durable = true, retain, expiresInMs } = outgoing;
  return new Message({
    ...resolveTarget(outgoing, topics),
    // The program may change its own bytes afterwards.
    body: typeof body === "string" ? Buffer.from(body) : Uint8Array.from(body),
    publisher: LOCAL,
    receivedAtMs: nowMs,
    durable,
    priority,
    retain,
    expiresAtMs: expiresInMs === undefined ? undefined : nowMs + expiresInMs,
    codec: CORE_PROPERTIES,
    raw: encodeCoreProperties(toProperties(outgoing, topics)),
  });
}

function toProperties(outgoing: OutgoingMessage, topics: TopicTable): Properties {
  const { contentType, contentEncoding, headers = {}, correlationId, replyTo, messageId, type } = outgoing;
  return {
    contentType,
    contentEncoding,
    headers: Object.entries(headers).map(([name, value]): Headers[number] => [name, toValue(value)]),
    correlation:
      correlationId === undefined
        ? undefined
        : { bytes: Buffer.from(correlationId), isText: typeof correlationId === "string" },
    replyTo: replyTo && { address: toAddress(replyTo, topics), raw: JSON.stringify(replyTo) },
    messageId,
    type,
  };
}

function toValue(value: HeaderValue): Value {
  if (typeof value === "string") return text(value);
  if (typeof value === "boolean") return { type: "boolean", value };
  if (typeof value === "bigint") return { type: "int64", value: BigInt.asIntN(64, value) };
  if (typeof value === "number") return toNumber(value);
  return { type: "bytes", value: Uint8Array.from(value) };
}

function toNumber(value: number): Value {
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 31) return { type: "int32", value };
  if (Number.isSafeInteger(value)) return { type: "int64", value: BigInt(value) };
  return { type: "float64", value };
}
