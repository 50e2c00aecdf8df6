import type { Death, Publisher, Qos } from "./message.ts";
import type { Properties, PropertyCodec } from "./properties.ts";
import type { Topic } from "./topic.ts";

/** What messages of one publisher often have in common. */
export interface HeadFields {
  readonly exchange: string;
  readonly topic: Topic;
  /** More topics of the same exchange that the same message goes to; a queue gets it once. */
  readonly copies?: readonly Topic[] | undefined;
  readonly publisher: Publisher;
  /** Survives a restart in a durable queue. */
  readonly durable: boolean;
  /** Only when the publisher's protocol has levels of delivery. */
  readonly qos?: Qos | undefined;
  /** 0 to 255; higher is sooner in a queue with priorities. */
  readonly priority?: number | undefined;
  /** The publisher wants it to be the topic's retained message. */
  readonly retain?: boolean | undefined;
  /** Time to live as the publisher wrote it, in its protocol's unit. */
  readonly ttlRaw?: string | undefined;
  /** Not to be routed earlier than this many milliseconds after it was received. */
  readonly delayMs?: number | undefined;
  readonly deaths?: readonly Death[] | undefined;
  /** How to read `raw`. */
  readonly codec: PropertyCodec;
  /** The properties in the bytes in which they came. Must not change afterwards. */
  readonly raw: Uint8Array;
}

const NO_DEATHS: readonly Death[] = [];

/**
 * Everything about a message but its body and its time. It never changes, so messages that a publisher sends one
 * after the other in the same words can share it: whoever derives something from it does so once.
 */
export class MessageHead {
  readonly exchange: string;
  readonly topic: Topic;
  readonly copies: readonly Topic[] | undefined;
  readonly publisher: Publisher;
  readonly durable: boolean;
  readonly qos: Qos | undefined;
  readonly priority: number | undefined;
  readonly retain: boolean;
  readonly ttlRaw: string | undefined;
  readonly delayMs: number | undefined;
  readonly deaths: readonly Death[];
  readonly codec: PropertyCodec;
  readonly raw: Uint8Array;
  #properties: Properties | undefined;

  constructor(fields: HeadFields) {
    this.exchange = fields.exchange;
    this.topic = fields.topic;
    this.copies = fields.copies;
    this.publisher = fields.publisher;
    this.durable = fields.durable;
    this.qos = fields.qos;
    this.priority = fields.priority;
    this.retain = fields.retain ?? false;
    this.ttlRaw = fields.ttlRaw;
    this.delayMs = fields.delayMs;
    this.deaths = fields.deaths ?? NO_DEATHS;
    this.codec = fields.codec;
    this.raw = fields.raw;
  }

  /** What the publisher's application said; decoded at the first call and kept. */
  get properties(): Properties {
    return (this.#properties ??= this.codec.decode(this.raw));
  }

  /** The same head with other fields; it keeps its decoded properties. */
  with(changes: Partial<HeadFields>): MessageHead {
    const changed = new MessageHead(Object.assign({}, this, changes));
    if (changes.raw === undefined) changed.#properties = this.#properties;
    return changed;
  }
}
