import {
  type Address,
  type Drops,
  type Message,
  type Subscription,
  Topic,
  type VirtualHost,
} from "@dragoman/core";
import { decodeProperties, encodeProperties } from "../codec/properties.ts";
import type { MutableProperties } from "../codec/property.ts";
import type { ProtocolVersion } from "../codec/protocol-version.ts";
import { encodePublish, encodePublishHead } from "../codec/publish.ts";
import type { Qos } from "../codec/qos.ts";
import { maxTextBytes } from "../codec/text.ts";
import { encloseInJson } from "../translation/envelope.ts";
import { type PropertyEncodings, replyTopicHeader } from "../translation/foreign-properties.ts";
import type { Mounts } from "../translation/mounts.ts";
import { retainFlag, subscriptionIdentifiers } from "../translation/granted.ts";
import { issueReplyTopic, responseTopicOf, topicNameOf } from "../translation/topic-address.ts";
import type { OutgoingAliases } from "./topic-aliases.ts";

/** The last PUBLISH of QoS 0 that any connection sent: its other receivers get the same bytes. */
export class LastPublish {
  message: Message | undefined;
  isVersion5 = false;
  retain = false;
  bytes: Buffer | undefined;
}

/** One sending of a message to one client. */
export interface Sending {
  readonly qos: Qos;
  /** 0 for QoS 0. */
  readonly packetId: number;
  /** It is sent again [MQTT-3.3.1-1], [MQTT-3.3.1-3]. */
  readonly dup: boolean;
  readonly subscriptions: readonly Subscription[];
}

export interface PublishEncoderPorts {
  readonly version: ProtocolVersion;
  /** The client's Maximum Packet Size, in bytes. */
  readonly maxPacketBytes: number;
  /** The client is before MQTT 5.0 and gets properties in an envelope. */
  readonly encloses: boolean;
  readonly aliases: OutgoingAliases;
  readonly encodings: PropertyEncodings;
  readonly mounts: Mounts;
  readonly last: LastPublish;
  readonly vhost: VirtualHost;
  /** The session: a reply address that is issued for it is its own only. */
  readonly owner: object;
  readonly drops: Drops;
}

const noProperties = Buffer.alloc(0);

/** From this many bytes on a body is sent from where it lies: writing it by itself costs less than copying it. */
const largeBodyBytes = 16_384;

/** Body and properties, in bytes: with more, a packet might pass what its length can say, §2.1.4. */
const maxEncodedBytes = 2 ** 28 - 2 ** 20;
/** In an envelope a byte may take six. */
const maxEnclosedBytes = 2 ** 25;

/** Messages as PUBLISH packets for one client. */
export class PublishEncoder {
  readonly #ports: PublishEncoderPorts;

  constructor(ports: PublishEncoderPorts) {
    this.#ports = ports;
  }

  /** A packet says what a publisher's packet would not, whatever the message: an alias, or an envelope. */
  get isOwn(): boolean {
    return this.#ports.aliases.areUsed || this.#ports.encloses;
  }

  /** What is to be sent behind the packet that `encode` makes of the message: a large body, which is not in it. */
  bodyBehind(message: Message): Uint8Array | undefined {
    return message.byteCount < largeBodyBytes || this.#ports.encloses ? undefined : message.body;
  }

  /** Whether the client accepts a packet of so many bytes; otherwise the message is counted, and done with. */
  isAccepted(byteCount: number): boolean {
    if (byteCount <= this.#ports.maxPacketBytes) return true;
    this.#ports.drops.count("too-large");
    return false;
  }

  /**
   * The packet, but for a body that is to be sent behind it; undefined when the client cannot get the message: it is
   * counted, and done with [MQTT-3.1.2-25].
   *
   * @param nowMs milliseconds since 1970
   */
  encode(message: Message, sending: Sending, nowMs: number): Buffer | undefined {
    const { version, drops } = this.#ports;
    // [MQTT-3.3.2-3]
    const name = topicNameOf(message, this.#ports.mounts);
    if (name === undefined || Buffer.byteLength(name) > maxTextBytes) {
      drops.count("unnameable");
      return undefined;
    }
    if (message.memoryBytes > (this.#ports.encloses ? maxEnclosedBytes : maxEncodedBytes)) {
      drops.count("too-large");
      return undefined;
    }
    const retain = retainFlag(message, sending.subscriptions);
    if (this.#ports.encloses) return this.#encodeEnclosed(message, name, sending, retain, nowMs);
    if (sending.qos > 0) return this.#encodeOwn(message, name, sending, retain, nowMs);
    if (version === 5 && !this.#hasNoHop(message, sending)) {
      return this.#encodeOwn(message, name, sending, retain, nowMs);
    }
    return this.#ifItFits(message, this.#encodeShared(message, name, sending, retain));
  }

  /** True when nothing in the packet depends on who gets it. */
  #hasNoHop(message: Message, { subscriptions }: Sending): boolean {
    return (
      !this.#ports.aliases.areUsed &&
      message.expiresAtMs === undefined &&
      message.codec.protocol === "mqtt" &&
      subscriptions.every(({ id }) => id === undefined)
    );
  }

  #encodeShared(message: Message, name: string, sending: Sending, retain: boolean): Buffer {
    const { last, version, encodings } = this.#ports;
    const isVersion5 = version === 5;
    if (
      last.bytes !== undefined &&
      last.message === message &&
      last.isVersion5 === isVersion5 &&
      last.retain === retain
    ) {
      return last.bytes;
    }
    const bytes = this.#write(
      message,
      name,
      sending,
      retain,
      isVersion5 ? encodings.of(message) : noProperties,
    );
    last.message = message;
    last.isVersion5 = isVersion5;
    last.retain = retain;
    last.bytes = bytes;
    return bytes;
  }

  #encodeOwn(
    message: Message,
    name: string,
    sending: Sending,
    retain: boolean,
    nowMs: number,
  ): Buffer | undefined {
    const { version, aliases } = this.#ports;
    if (version !== 5) {
      return this.#ifItFits(message, this.#write(message, name, sending, retain, noProperties));
    }
    const alias = aliases.choose(name);
    const properties = this.#properties(message, sending, alias?.alias, nowMs);
    const topic = alias?.isKnown === true ? "" : name;
    const bytes = this.#ifItFits(message, this.#write(message, topic, sending, retain, properties));
    if (bytes === undefined && alias?.isKnown === false) aliases.forget(name);
    return bytes;
  }

  #encodeEnclosed(
    message: Message,
    topic: string,
    { dup, qos, packetId }: Sending,
    retain: boolean,
    nowMs: number,
  ): Buffer {
    const own = { dup, qos, packetId, subscriptions: [] };
    const properties = decodeProperties(this.#properties(message, own, undefined, nowMs), "publish");
    const payload = encloseInJson({ payload: message.body, properties });
    return encodePublish(
      { type: "publish", dup, qos, retain, topic, packetId, properties: noProperties, payload },
      this.#ports.version,
    );
  }

  #write(
    message: Message,
    topic: string,
    { dup, qos, packetId }: Sending,
    retain: boolean,
    properties: Uint8Array,
  ): Buffer {
    const { body: payload } = message;
    const packet = { type: "publish", dup, qos, retain, topic, packetId, properties, payload } as const;
    const { version } = this.#ports;
    return this.bodyBehind(message) === undefined
      ? encodePublish(packet, version)
      : encodePublishHead(packet, version);
  }

  #ifItFits(message: Message, bytes: Buffer): Buffer | undefined {
    const behind = this.bodyBehind(message)?.length ?? 0;
    return this.isAccepted(bytes.length + behind) ? bytes : undefined;
  }

  #properties(
    message: Message,
    { subscriptions }: Sending,
    topicAlias: number | undefined,
    nowMs: number,
  ): Uint8Array {
    const application = this.#ports.encodings.of(message);
    const hop: MutableProperties = {};
    if (message.expiresAtMs !== undefined) {
      // What is left of it, rounded up [MQTT-3.3.2-6]; what was sent once does not expire [MQTT-4.3.3-7].
      hop.messageExpiryInterval = Math.max(1, Math.ceil((message.expiresAtMs - nowMs) / 1_000));
    }
    const ids = subscriptionIdentifiers(subscriptions);
    if (ids !== undefined) hop.subscriptionIdentifiers = ids;
    if (topicAlias !== undefined) hop.topicAlias = topicAlias;
    const responseTopic = application === message.raw ? undefined : this.#responseTopic(message);
    if (responseTopic !== undefined) hop.responseTopic = responseTopic;
    const bytes = encodeProperties(hop);
    if (bytes.length === 0) return application;
    return application.length === 0 ? bytes : Buffer.concat([bytes, application]);
  }

  #responseTopic(message: Message): string | undefined {
    const { replyTo } = message.properties;
    if (message.codec.protocol === "mqtt") return replyTo?.raw;
    const address = replyTo?.address ?? addressIn(replyTopicHeader(message));
    if (address === undefined) return undefined;
    return responseTopicOf(address) ?? issueReplyTopic(address, this.#ports.vhost, this.#ports.owner);
  }
}

function addressIn(topic: string | undefined): Address | undefined {
  return topic === undefined || topic === "" ? undefined : { kind: "topic", topic: new Topic(topic) };
}
