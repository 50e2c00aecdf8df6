import { BrokerError, type ByteReader, ByteWriter } from "@dragoman/core";
import { finishPacket, maxFixedHeaderBytes } from "./fixed-header.ts";
import { readPacketIdentifier } from "./packet-identifier.ts";
import { readProperties, writeProperties } from "./properties.ts";
import type { Properties } from "./property.ts";
import type { ProtocolVersion } from "./protocol-version.ts";
import { type Qos, toQos } from "./qos.ts";
import { readText, writeText } from "./text.ts";
import { parseTopicFilter } from "./topic-filter.ts";

/** MQTT 5.0 §3.8. */
export interface Subscribe {
  readonly type: "subscribe";
  readonly packetId: number;
  readonly properties: Properties;
  /** At least one, in the order of the packet. */
  readonly subscriptions: readonly SubscriptionRequest[];
}

/** A Topic Filter with its Subscription Options, §3.8.3.1; before MQTT 5.0 all but `qos` have these defaults. */
export interface SubscriptionRequest {
  readonly filter: string;
  /** Maximum QoS. */
  readonly qos: Qos;
  /** Default false. */
  readonly noLocal: boolean;
  /** Default false. */
  readonly retainAsPublished: boolean;
  /** Default "always". */
  readonly retainHandling: RetainHandling;
}

/** When retained messages are sent for a SUBSCRIBE: 0, 1 and 2 on the wire. */
export type RetainHandling = (typeof retainHandlings)[number];

const retainHandlings = ["always", "if-new", "never"] as const;

export function decodeSubscribe(reader: ByteReader, version: ProtocolVersion): Subscribe {
  const packetId = readPacketIdentifier(reader);
  const properties = version === 5 ? readProperties(reader, "subscribe") : {};
  const subscriptions: SubscriptionRequest[] = [];
  while (reader.left > 0) {
    // [MQTT-3.8.3-1]
    const filter = readText(reader);
    subscriptions.push(toSubscription(filter, reader.uint8(), version));
  }
  // MQTT 3.1.1 [MQTT-3.8.3-3]
  if (subscriptions.length === 0) {
    throw new BrokerError("protocol-violation", "SUBSCRIBE without a topic filter [MQTT-3.8.3-2]");
  }
  return { type: "subscribe", packetId, properties, subscriptions };
}

function toSubscription(filter: string, options: number, version: ProtocolVersion): SubscriptionRequest {
  const { group } = parseTopicFilter(filter);
  // Before MQTT 5.0 all bits but the two of QoS are reserved, MQTT 3.1.1 [MQTT-3.8.3-4].
  if ((options & (version === 5 ? 0b1100_0000 : 0b1111_1100)) !== 0) {
    throw new BrokerError("malformed", `reserved subscription options ${options} [MQTT-3.8.3-5]`);
  }
  const noLocal = (options & 4) !== 0;
  if (noLocal && group !== undefined) {
    throw new BrokerError("protocol-violation", "no local on a shared subscription [MQTT-3.8.3-4]");
  }
  const retainHandling = retainHandlings[options >> 4];
  if (retainHandling === undefined)
    throw new BrokerError("protocol-violation", "retain handling 3, §3.8.3.1");
  if ((options & 3) === 3 && version === 5)
    throw new BrokerError("protocol-violation", "maximum QoS 3, §3.8.3.1");
  const qos = toQos(options & 3);
  return { filter, qos, noLocal, retainAsPublished: (options & 8) !== 0, retainHandling };
}

export function encodeSubscribe(packet: Subscribe, version: ProtocolVersion): Buffer {
  const writer = new ByteWriter(64);
  writer.reserve(maxFixedHeaderBytes);
  writer.uint16(packet.packetId);
  if (version === 5) writeProperties(writer, packet.properties);
  for (const subscription of packet.subscriptions) {
    writeText(writer, subscription.filter);
    writer.uint8(version === 5 ? subscriptionOptions(subscription) : subscription.qos);
  }
  return finishPacket("subscribe", writer);
}

function subscriptionOptions({
  qos,
  noLocal,
  retainAsPublished,
  retainHandling,
}: SubscriptionRequest): number {
  return (
    qos | (noLocal ? 4 : 0) | (retainAsPublished ? 8 : 0) | (retainHandlings.indexOf(retainHandling) << 4)
  );
}
