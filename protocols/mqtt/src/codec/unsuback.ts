import { BrokerError, type ByteReader, ByteWriter } from "@dragoman/core";
import { finishPacket, maxFixedHeaderBytes } from "./fixed-header.ts";
import { readPacketIdentifier } from "./packet-identifier.ts";
import { readProperties, writeProperties } from "./properties.ts";
import type { Properties } from "./property.ts";
import type { ProtocolVersion } from "./protocol-version.ts";
import { type ReasonCode, toReasonCode } from "./reason-code.ts";

/** MQTT 5.0 §3.11. */
export interface Unsuback {
  readonly type: "unsuback";
  readonly packetId: number;
  readonly properties: Properties;
  /** One for each Topic Filter of the UNSUBSCRIBE, in its order [MQTT-3.11.3-1]; none before MQTT 5.0. */
  readonly reasons: readonly ReasonCode[];
}

export function decodeUnsuback(reader: ByteReader, version: ProtocolVersion): Unsuback {
  const packetId = readPacketIdentifier(reader);
  if (version !== 5) return { type: "unsuback", packetId, properties: {}, reasons: [] };
  const properties = readProperties(reader, "unsuback");
  const reasons: ReasonCode[] = [];
  while (reader.left > 0) reasons.push(toReasonCode("unsuback", reader.uint8()));
  if (reasons.length === 0)
    throw new BrokerError("protocol-violation", "UNSUBACK without a reason code, §3.11.3");
  return { type: "unsuback", packetId, properties, reasons };
}

export function encodeUnsuback(packet: Unsuback, version: ProtocolVersion): Buffer {
  const writer = new ByteWriter(32);
  writer.reserve(maxFixedHeaderBytes);
  writer.uint16(packet.packetId);
  if (version === 5) {
    writeProperties(writer, packet.properties);
    for (const reason of packet.reasons) writer.uint8(reason);
  }
  return finishPacket("unsuback", writer);
}
