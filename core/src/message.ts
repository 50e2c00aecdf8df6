import { type HeadFields, MessageHead } from "./message-head.ts";
import {
  formatMessageId,
  type MessageId,
  nextMessageNumber,
  ownMessageId,
  writeMessageId,
  writeMessageIdText,
  writeOwnMessageId,
} from "./message-id.ts";
import type { Properties, PropertyCodec } from "./properties.ts";
import type { Topic } from "./topic.ts";

/** Delivery level of the publisher or a subscription: at most once, at least once, exactly once. */
export type Qos = 0 | 1 | 2;

/** Who published: set by the broker, never read from the wire. One object for each connection. */
export interface Publisher {
  readonly protocol: string;
  readonly version: string;
  readonly connectionId: string;
  /** The name under which a later connection is the same client; the connection's own id without one. */
  readonly clientId: string;
  readonly user: string;
  /** Address and port of the peer, as text. */
  readonly peer: string;
}

/** Why a message left a queue for its dead-letter exchange. */
export type DeathReason = "rejected" | "expired" | "overflow" | "delivery-limit";

/** One queue's part in the history of a dead-lettered message. */
export interface Death {
  readonly reason: DeathReason;
  readonly queue: string;
  readonly exchange: string;
  /** The routing keys that it was published with. */
  readonly keys: readonly string[];
  /** How often it died in this queue for this reason. */
  readonly count: number;
  /** Milliseconds since 1970 of the first time. */
  readonly atMs: number;
  /** The time to live that the publisher gave, in milliseconds, when that was taken off. */
  readonly originalTtlMs?: number | undefined;
}

/** What is a message's own, beside its head. */
export interface BodyFields {
  readonly body: Uint8Array;
  /** Milliseconds since 1970 by the broker's clock. */
  readonly receivedAtMs: number;
  /** Deadline in milliseconds since 1970. */
  readonly expiresAtMs?: number | undefined;
  /** The 128-bit identity of a message that was stored earlier; without it a new one is given. */
  readonly id?: string | MessageId | undefined;
}

export interface MessageFields extends HeadFields, BodyFields {}

/**
 * A message on its way. It never changes; `body` and `raw` are the bytes that came in and belong to it.
 *
 * What only applications read stays undecoded in `raw` until `properties` is asked for, so a message
 * that leaves by the protocol it came by need not be decoded at all.
 */
export class Message {
  /** Perhaps shared with other messages. */
  readonly head: MessageHead;
  readonly body: Uint8Array;
  readonly receivedAtMs: number;
  readonly expiresAtMs: number | undefined;
  /** Of one that this process has named the number: with the time of arrival that is all of it. */
  #id: string | MessageId | number | undefined;

  constructor(fields: MessageFields);
  constructor(fields: BodyFields, head: MessageHead);
  constructor(fields: MessageFields, head: MessageHead = new MessageHead(fields)) {
    this.head = head;
    this.body = fields.body;
    this.receivedAtMs = fields.receivedAtMs;
    this.expiresAtMs = fields.expiresAtMs;
    this.#id = fields.id;
  }

  get exchange(): string {
    return this.head.exchange;
  }

  get topic(): Topic {
    return this.head.topic;
  }

  get copies(): readonly Topic[] | undefined {
    return this.head.copies;
  }

  get publisher(): Publisher {
    return this.head.publisher;
  }

  get durable(): boolean {
    return this.head.durable;
  }

  get qos(): Qos | undefined {
    return this.head.qos;
  }

  get priority(): number | undefined {
    return this.head.priority;
  }

  get retain(): boolean {
    return this.head.retain;
  }

  get ttlRaw(): string | undefined {
    return this.head.ttlRaw;
  }

  get delayMs(): number | undefined {
    return this.head.delayMs;
  }

  get deaths(): readonly Death[] {
    return this.head.deaths;
  }

  get codec(): PropertyCodec {
    return this.head.codec;
  }

  get raw(): Uint8Array {
    return this.head.raw;
  }

  /** What the publisher's application said; decoded at the first call and kept. */
  get properties(): Properties {
    return this.head.properties;
  }

  /** 128 bits in hexadecimal digits, ordered by time of arrival; given when first asked for. */
  get id(): string {
    const id = (this.#id ??= nextMessageNumber());
    if (typeof id === "string") return id;
    return (this.#id = formatMessageId(this.#whole(id)));
  }

  /** Writes the identity as 16 bytes, without making its text. */
  writeId(target: Buffer, at: number): void {
    const id = (this.#id ??= nextMessageNumber());
    if (typeof id === "number") writeOwnMessageId(this.receivedAtMs, id, target, at);
    else if (typeof id === "string") target.write(id, at, 16, "hex");
    else writeMessageId(id, target, at);
  }

  /** Writes `id` in ASCII, 32 bytes, without making a string of it. */
  writeIdText(target: Buffer, at: number): void {
    const id = (this.#id ??= nextMessageNumber());
    if (typeof id === "string") target.write(id, at, 32, "latin1");
    else writeMessageIdText(this.#whole(id), target, at);
  }

  /** Bytes of the body: what users count and limit. */
  get byteCount(): number {
    return this.body.length;
  }

  /** Bytes of body and properties: what bounds memory. */
  get memoryBytes(): number {
    return this.body.length + this.head.raw.length;
  }

  isExpired(nowMs: number): boolean {
    return this.expiresAtMs !== undefined && this.expiresAtMs <= nowMs;
  }

  /** The same message with other fields; it keeps its identity and its decoded properties. */
  with(changes: Partial<MessageFields>): Message {
    const { body, receivedAtMs, expiresAtMs, id } = this;
    const own = { body, receivedAtMs, expiresAtMs, id };
    return new Message(Object.assign(own, changes), this.head.with(changes));
  }

  /** The same message as if it were received now: its time to live begins. */
  renewed(nowMs: number): Message {
    const { expiresAtMs, receivedAtMs } = this;
    const timeToLiveMs = expiresAtMs === undefined ? undefined : expiresAtMs - receivedAtMs;
    return this.with({
      receivedAtMs: nowMs,
      expiresAtMs: timeToLiveMs === undefined ? undefined : nowMs + timeToLiveMs,
    });
  }

  #whole(id: MessageId | number): MessageId {
    return typeof id === "number" ? ownMessageId(this.receivedAtMs, id) : id;
  }
}
