import { BrokerError, type ByteReader } from "@dragoman/core";
import { packetType } from "./packet-type.ts";
import { readPacketIdentifier } from "./packet-identifier.ts";
import { readPropertyBytes } from "./properties.ts";
import type { ProtocolVersion } from "./protocol-version.ts";
import { type Qos, toQos } from "./qos.ts";
import { maxTextBytes, readText } from "./text.ts";
import { checkTopicName } from "./topic-name.ts";
import {
  maxVariableByteInteger,
  putVariableByteInteger,
  variableByteIntegerSize,
} from "./variable-byte-integer.ts";

/** MQTT 5.0 §3.3. Property bytes and payload are views into the packet when it was decoded. */
export interface Publish {
  readonly type: "publish";
  readonly dup: boolean;
  readonly qos: Qos;
  readonly retain: boolean;
  /** Empty only in MQTT 5.0, where a topic alias stands for it. */
  readonly topic: string;
  /** 1 to 65 535; 0 when `qos` is 0, which has none. */
  readonly packetId: number;
  /**
   * Checked, but not decoded: most messages pass through, and leave with the bytes they came with. Without the
   * length in front; empty before MQTT 5.0.
   */
  readonly properties: Uint8Array;
  readonly payload: Uint8Array;
}

export const publishFlag = { retain: 1, dup: 8 } as const;

const noBytes = Buffer.alloc(0);

/** @param header the packet's first byte */
export function decodePublish(reader: ByteReader, header: number, version: ProtocolVersion): Publish {
  const qos = toQos((header >> 1) & 3);
  const dup = (header & publishFlag.dup) !== 0;
  if (dup && qos === 0 && version !== 3) {
    throw new BrokerError("malformed", "DUP on a QoS 0 message [MQTT-3.3.1-2]");
  }
  // [MQTT-3.3.2-1], [MQTT-4.7.3-3]
  const topic = readText(reader);
  // An empty topic is for the connection to judge: it knows the aliases.
  if (topic !== "" || version !== 5) checkTopicName(topic);
  // [MQTT-2.2.1-2], MQTT 3.1.1 [MQTT-2.3.1-5]
  const packetId = qos === 0 ? 0 : readPacketIdentifier(reader);
  const properties = version === 5 ? readPropertyBytes(reader, "publish") : noBytes;
  return {
    type: "publish",
    dup,
    qos,
    retain: (header & publishFlag.retain) !== 0,
    topic,
    packetId,
    properties,
    payload: reader.take(reader.left),
  };
}

/** @throws BrokerError "too-large" when topic or packet pass what their lengths can say */
export function encodePublish(packet: Publish, version: ProtocolVersion): Buffer {
  return encode(packet, version, true);
}

/** As `encodePublish`, but for the payload, which is to follow: a large one need not be copied. */
export function encodePublishHead(packet: Publish, version: ProtocolVersion): Buffer {
  return encode(packet, version, false);
}

function encode(packet: Publish, version: ProtocolVersion, isWhole: boolean): Buffer {
  const { topic, properties, payload, qos } = packet;
  const topicBytes = Buffer.byteLength(topic);
  const propertyBytes = version === 5 ? variableByteIntegerSize(properties.length) + properties.length : 0;
  const remaining = 2 + topicBytes + (qos > 0 ? 2 : 0) + propertyBytes + payload.length;
  if (topicBytes > maxTextBytes || remaining > maxVariableByteInteger) {
    throw new BrokerError("too-large", `publish of ${remaining} bytes, its topic ${topicBytes}, §2.1.4`);
  }
  const left = isWhole ? remaining : remaining - payload.length;
  const bytes = Buffer.allocUnsafe(1 + variableByteIntegerSize(remaining) + left);
  bytes[0] = publishHeader(packet);
  let at = putVariableByteInteger(bytes, 1, remaining);
  at = bytes.writeUInt16BE(topicBytes, at);
  at += bytes.write(topic, at, "utf8");
  if (qos > 0) at = bytes.writeUInt16BE(packet.packetId, at);
  if (version === 5) {
    at = putVariableByteInteger(bytes, at, properties.length);
    bytes.set(properties, at);
    at += properties.length;
  }
  if (isWhole) bytes.set(payload, at);
  return bytes;
}

/** A PUBLISH's first byte. */
export function publishHeader({ dup, qos, retain }: Pick<Publish, "dup" | "qos" | "retain">): number {
  return (
    (packetType.publish << 4) | (dup ? publishFlag.dup : 0) | (qos << 1) | (retain ? publishFlag.retain : 0)
  );
}
