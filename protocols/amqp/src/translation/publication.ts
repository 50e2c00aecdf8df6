import {
  DEFAULT_EXCHANGE,
  findHeader,
  type Headers,
  Message,
  MessageHead,
  type Publisher,
  type Topic,
  TOPIC_SPACE,
  type Value,
  type VirtualHost,
} from "@dragoman/core";
import { AmqpError } from "../codec/amqp-error.ts";
import { FieldNames } from "../codec/field-table-check.ts";
import type { BasicPublish } from "../codec/methods/basic.generated.ts";
import { type BasicProperties, encodeProperties } from "../codec/properties.ts";
import { PropertyList } from "../codec/property-list.ts";
import { integerOf, isTrue, textOf, typeName } from "./arguments.ts";
import { DEATHS, readDeaths } from "./death-headers.ts";
import { AMQP_PROPERTIES } from "./property-codec.ts";
import { MAX_TIMER_MS } from "./queue-arguments.ts";
import {
  BCC,
  CC,
  CORRELATION_ID,
  CORRELATION_TOKEN_PREFIX,
  DELAY,
  REPLY_TOKEN_PREFIX,
  RETAIN,
} from "./reserved-headers.ts";

/** A reply_to of this name means the channel's own reply consumer. RabbitMQ, "Direct Reply-to" */
export const REPLY_CONSUMER = "amq.rabbitmq.reply-to";

/** The channel that publishes, as far as a message takes something from it. */
export interface PublishingChannel {
  readonly vhost: VirtualHost;
  readonly publisher: Publisher;
  /** The name under which answers reach this channel; undefined when it consumes none. */
  readonly replyAddress: string | undefined;
}

/** Headers that are instructions to the broker; all other headers stay undecoded. */
const instructions = new FieldNames([CC, BCC, DEATHS, DELAY, RETAIN]);

/** What a basic.publish with its properties means, whatever the body. */
export interface Publication {
  readonly head: MessageHead;
  /** Milliseconds that the message may wait; undefined without limit. */
  readonly ttlMs: number | undefined;
  /** The same method with the same properties means the same the next time that this connection sends it. */
  readonly isLasting: boolean;
}

/**
 * @param properties kept by the message: bytes that stay as they are
 * @throws AmqpError "precondition-failed" for a property that cannot be what it says
 * @throws BrokerError "malformed" for properties that are none
 */
export function readPublication(
  method: BasicPublish,
  properties: Uint8Array,
  channel: PublishingChannel,
): Publication {
  const { vhost, publisher } = channel;
  const { exchange, topic } = addressOf(method, vhost);
  const list = new PropertyList(properties);
  checkUser(list, publisher.user);
  const { expiration } = list;
  const headers = list.hasHeaderNamed(instructions) ? (list.headers ?? []) : [];
  const raw = rewritten(list, headers, channel);
  const head = new MessageHead({
    exchange,
    topic,
    copies: copiesOf(headers, vhost),
    publisher,
    durable: list.deliveryMode === 2,
    priority: list.priority,
    retain: exchange === TOPIC_SPACE && isTrue(findHeader(headers, RETAIN)),
    ttlRaw: expiration,
    delayMs: delayOf(headers),
    deaths: headers.length === 0 ? undefined : readDeaths(headers),
    codec: AMQP_PROPERTIES,
    raw,
  });
  const isLasting = raw === list.bytes && !isReplyToken(method);
  return { head, ttlMs: expiration === undefined ? undefined : timeToLive(expiration), isLasting };
}

/** The publication with this body, received now. */
export function toMessage({ head, ttlMs }: Publication, body: Uint8Array, nowMs: number): Message {
  const expiresAtMs = ttlMs === undefined ? undefined : nowMs + ttlMs;
  return new Message({ body, receivedAtMs: nowMs, expiresAtMs, id: undefined }, head);
}

/** Where it goes: a queue name may stand for an address that another protocol gave. */
function addressOf(
  method: BasicPublish,
  vhost: VirtualHost,
): { readonly exchange: string; readonly topic: Topic } {
  const { exchange, routingKey } = method;
  if (isReplyToken(method)) {
    const address = vhost.replies.resolve(routingKey.slice(REPLY_TOKEN_PREFIX.length));
    if (address?.kind === "exchange") return address;
    if (address?.kind === "topic") return { exchange: TOPIC_SPACE, topic: address.topic };
    if (address?.kind === "queue") return { exchange, topic: vhost.topics.fromKey(address.name) };
  }
  return { exchange, topic: vhost.topics.fromKey(routingKey) };
}

function isReplyToken({ exchange, routingKey }: BasicPublish): boolean {
  return exchange === DEFAULT_EXCHANGE && routingKey.startsWith(REPLY_TOKEN_PREFIX);
}

function checkUser({ userId }: PropertyList, user: string): void {
  if (userId === undefined || userId === user) return;
  throw new AmqpError(
    "precondition-failed",
    `user_id property set to '${userId}' but authenticated user was '${user}'`,
  );
}

/** An integer and nothing else, within the reach of a timer; refused in RabbitMQ's words. */
function timeToLive(expiration: string): number {
  const [digits] = /^[+-]?\d+/.exec(expiration) ?? [];
  const leftover = expiration.slice(digits?.length ?? 0);
  const ms = Number(digits);
  if (digits !== undefined && leftover === "" && ms >= 0 && ms <= MAX_TIMER_MS) return ms;
  const why =
    digits === undefined
      ? "no_integer"
      : leftover !== ""
        ? `{leftover_string,"${leftover}"}`
        : `{${ms < 0 ? "value_negative" : "value_too_large"},${digits}}`;
  throw new AmqpError("precondition-failed", `invalid expiration '${expiration}': ${why}`);
}

function copiesOf(headers: Headers, vhost: VirtualHost): readonly Topic[] | undefined {
  if (headers.length === 0) return undefined;
  const keys = [...keysOf(headers, CC), ...keysOf(headers, BCC)];
  return keys.length === 0 ? undefined : keys.map((key) => vhost.topics.fromKey(key));
}

/** What is no text in the list is no routing key either. */
function keysOf(headers: Headers, name: string): string[] {
  const value = findHeader(headers, name);
  if (value === undefined) return [];
  if (value.type === "array") return value.value.map(textOf).filter((key) => key !== undefined);
  const why = `{unacceptable_type_in_header,"${name}",${typeName(value)}}`;
  throw new AmqpError("precondition-failed", `invalid message: ${why}`);
}

function delayOf(headers: Headers): number | undefined {
  const delayMs = integerOf(findHeader(headers, DELAY));
  return delayMs !== undefined && delayMs > 0 ? delayMs : undefined;
}

/** The properties as they came, unless something in them was meant for us alone. */
function rewritten(list: PropertyList, headers: Headers, channel: PublishingChannel): Uint8Array {
  const changes: Change[] = [];
  if (list.replyTo === REPLY_CONSUMER) changes.push((all) => withReply(all, channel));
  if (list.correlationId?.startsWith(CORRELATION_TOKEN_PREFIX) === true) {
    changes.push((all) => withCorrelation(all, channel.vhost));
  }
  if (findHeader(headers, BCC) !== undefined) changes.push(withoutBcc);
  if (changes.length === 0) return list.bytes;
  return encodeProperties(changes.reduce((all, change) => change(all), list.decodeAll()));
}

type Change = (properties: BasicProperties) => BasicProperties;

function withReply(properties: BasicProperties, { replyAddress }: PublishingChannel): BasicProperties {
  if (replyAddress !== undefined) return { ...properties, replyTo: replyAddress };
  throw new AmqpError("precondition-failed", "fast reply consumer does not exist");
}

/** An answer that repeats our token gets back the bytes that the asker had sent. */
function withCorrelation(properties: BasicProperties, vhost: VirtualHost): BasicProperties {
  const token = properties.correlationId?.slice(CORRELATION_TOKEN_PREFIX.length) ?? "";
  const bytes = vhost.correlations.resolve(token);
  if (bytes === undefined) return properties;
  const others = (properties.headers ?? []).filter(([name]) => name !== CORRELATION_ID);
  const value: Value = { type: "bytes", value: bytes };
  return { ...properties, correlationId: undefined, headers: [...others, [CORRELATION_ID, value]] };
}

function withoutBcc(properties: BasicProperties): BasicProperties {
  return { ...properties, headers: (properties.headers ?? []).filter(([name]) => name !== BCC) };
}
