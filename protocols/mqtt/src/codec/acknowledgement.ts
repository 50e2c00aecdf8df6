import { type ByteReader, ByteWriter } from "@dragoman/core";
import { finishPacket, maxFixedHeaderBytes } from "./fixed-header.ts";
import { readPacketIdentifier } from "./packet-identifier.ts";
import { packetType } from "./packet-type.ts";
import { readProperties, writeProperties } from "./properties.ts";
import type { Properties } from "./property.ts";
import type { ProtocolVersion } from "./protocol-version.ts";
import { type ReasonCode, reasonCode, toReasonCode } from "./reason-code.ts";

/** The steps that follow a PUBLISH; all four have one layout. MQTT 5.0 §3.4 to §3.7. */
export interface Acknowledgement {
  readonly type: AcknowledgementName;
  /** 1 to 65 535 [MQTT-2.2.1-5]. */
  readonly packetId: number;
  /** Always success before MQTT 5.0. */
  readonly reason: ReasonCode;
  readonly properties: Properties;
}

export type AcknowledgementName = "puback" | "pubrec" | "pubrel" | "pubcomp";

const noProperties: Properties = {};

export function decodeAcknowledgement(
  reader: ByteReader,
  type: AcknowledgementName,
  version: ProtocolVersion,
): Acknowledgement {
  const packetId = readPacketIdentifier(reader);
  const hasReason = version === 5 && reader.left > 0;
  const reason = hasReason ? toReasonCode(type, reader.uint8()) : reasonCode.success;
  const hasProperties = version === 5 && reader.left > 0;
  return { type, packetId, reason, properties: hasProperties ? readProperties(reader, type) : noProperties };
}

/** Leaves out what need not be said: success, and an empty list of properties. §3.4.2.1 */
export function encodeAcknowledgement(packet: Acknowledgement, version: ProtocolVersion): Buffer {
  const plain = version !== 5 || Object.keys(packet.properties).length === 0;
  if (plain && (version !== 5 || packet.reason === reasonCode.success)) {
    return encodePlainAcknowledgement(packet.type, packet.packetId);
  }
  const writer = new ByteWriter(32);
  writer.reserve(maxFixedHeaderBytes);
  writer.uint16(packet.packetId).uint8(packet.reason);
  if (!plain) writeProperties(writer, packet.properties);
  return finishPacket(packet.type, writer);
}

/** The four bytes of the ordinary case, the same in every version. */
export function encodePlainAcknowledgement(type: AcknowledgementName, packetId: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes[0] = acknowledgementHeader[type];
  bytes[1] = 2;
  bytes.writeUInt16BE(packetId, 2);
  return bytes;
}

/** First bytes; PUBREL alone has a flag set [MQTT-3.6.1-1]. */
export const acknowledgementHeader: Readonly<Record<AcknowledgementName, number>> = {
  puback: packetType.puback << 4,
  pubrec: packetType.pubrec << 4,
  pubrel: (packetType.pubrel << 4) | 2,
  pubcomp: packetType.pubcomp << 4,
};
