import {
  formatMessageId,
  type MessageId,
  nextMessageId,
  writeMessageId,
  writeMessageIdText,
} from "./message-id.ts";
import type { Topic } from "./topic.ts";
import type { Properties, PropertyCodec } from "./properties.ts";

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

export interface MessageFields {
  readonly exchange: string;
  readonly topic: Topic;
  /** More topics of the same exchange that the same message goes to; a queue gets it once. */
  readonly copies?: readonly Topic[] | undefined;
  readonly body: Uint8Array;
  readonly publisher: Publisher;
  /** Milliseconds since 1970 by the broker's clock. */
  readonly receivedAtMs: number;
  /** Survives a restart in a durable queue. */
  readonly durable: boolean;
  /** Only when the publisher's protocol has levels of delivery. */
  readonly qos?: Qos | undefined;
  /** 0 to 255; higher is sooner in a queue with priorities. */
  readonly priority?: number | undefined;
  /** The publisher wants it to be the topic's retained message. */
  readonly retain?: boolean | undefined;
  /** Deadline in milliseconds since 1970. */
  readonly expiresAtMs?: number | undefined;
  /** Time to live as the publisher wrote it, in its protocol's unit. */
  readonly ttlRaw?: string | undefined;
  /** Not to be routed earlier than this many milliseconds after it was received. */
  readonly delayMs?: number | undefined;
  readonly deaths?: readonly Death[] | undefined;
  /** How to read `raw`. */
  readonly codec: PropertyCodec;
  /** The properties in the bytes in which they came. Must not change afterwards. */
  readonly raw: Uint8Array;
  /** The 128-bit identity of a message that was stored earlier; without it a new one is given. */
  readonly id?: string | MessageId | undefined;
}

const NO_DEATHS: readonly Death[] = [];

/**
 * A message on its way. It never changes; `body` and `raw` are the bytes that came in and belong to it.
 *
 * What only applications read stays undecoded in `raw` until `properties` is asked for, so a message
 * that leaves by the protocol it came by need not be decoded at all.
 */
export class Message {
  readonly exchange: string;
  readonly topic: Topic;
  readonly copies: readonly Topic[] | undefined;
  readonly body: Uint8Array;
  readonly publisher: Publisher;
  readonly receivedAtMs: number;
  readonly durable: boolean;
  readonly qos: Qos | undefined;
  readonly priority: number | undefined;
  readonly retain: boolean;
  readonly expiresAtMs: number | undefined;
  readonly ttlRaw: string | undefined;
  readonly delayMs: number | undefined;
  readonly deaths: readonly Death[];
  readonly codec: PropertyCodec;
  readonly raw: Uint8Array;
  #id: string | MessageId | undefined;
  #properties: Properties | undefined;

  constructor(fields: MessageFields) {
    this.exchange = fields.exchange;
    this.topic = fields.topic;
    this.copies = fields.copies;
    this.body = fields.body;
    this.publisher = fields.publisher;
    this.receivedAtMs = fields.receivedAtMs;
    this.durable = fields.durable;
    this.qos = fields.qos;
    this.priority = fields.priority;
    this.retain = fields.retain ?? false;
    this.expiresAtMs = fields.expiresAtMs;
    this.ttlRaw = fields.ttlRaw;
    this.delayMs = fields.delayMs;
    this.deaths = fields.deaths ?? NO_DEATHS;
    this.codec = fields.codec;
    this.raw = fields.raw;
    this.#id = fields.id;
  }

  /** 128 bits in hexadecimal digits, ordered by time of arrival; given when first asked for. */
  get id(): string {
    this.#id ??= nextMessageId(this.receivedAtMs);
    return typeof this.#id === "string" ? this.#id : (this.#id = formatMessageId(this.#id));
  }

  /** Writes the identity as 16 bytes, without making its text. */
  writeId(target: Buffer, at: number): void {
    this.#id ??= nextMessageId(this.receivedAtMs);
    if (typeof this.#id === "string") target.write(this.#id, at, 16, "hex");
    else writeMessageId(this.#id, target, at);
  }

  /** Writes `id` in ASCII, 32 bytes, without making a string of it. */
  writeIdText(target: Buffer, at: number): void {
    this.#id ??= nextMessageId(this.receivedAtMs);
    if (typeof this.#id === "string") target.write(this.#id, at, 32, "latin1");
    else writeMessageIdText(this.#id, target, at);
  }

  /** What the publisher's application said; decoded at the first call and kept. */
  get properties(): Properties {
    return (this.#properties ??= this.codec.decode(this.raw));
  }

  /** The memory that it takes, in bytes, for limits and windows: body and properties. */
  get byteCount(): number {
    return this.body.length + this.raw.length;
  }

  isExpired(nowMs: number): boolean {
    return this.expiresAtMs !== undefined && this.expiresAtMs <= nowMs;
  }

  /** The same message with other fields; it keeps its identity and its decoded properties. */
  with(changes: Partial<MessageFields>): Message {
    const changed = new Message(Object.assign({}, this, { id: this.id }, changes));
    if (changes.raw === undefined) changed.#properties = this.#properties;
    return changed;
  }

  /** The same message as if it were received now: its time to live begins, and it is not delayed any more. */
  renewed(nowMs: number): Message {
    const { expiresAtMs, receivedAtMs } = this;
    return this.with({
      receivedAtMs: nowMs,
      expiresAtMs: expiresAtMs === undefined ? undefined : nowMs + expiresAtMs - receivedAtMs,
      delayMs: undefined,
    });
  }
}
