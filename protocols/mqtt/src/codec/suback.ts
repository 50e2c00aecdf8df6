import { BrokerError, type ByteReader, ByteWriter } from "@dragoman/core";
import { finishPacket, maxFixedHeaderBytes } from "./fixed-header.ts";
import { readPacketIdentifier } from "./packet-identifier.ts";
import { readProperties, writeProperties } from "./properties.ts";
import type { Properties } from "./property.ts";
import type { ProtocolVersion } from "./protocol-version.ts";
import { type ReasonCode, reasonCode, toReasonCode } from "./reason-code.ts";

/** MQTT 5.0 §3.9. */
export interface Suback {
  readonly type: "suback";
  readonly packetId: number;
  readonly properties: Properties;
  /** One for each Topic Filter of the SUBSCRIBE, in its order [MQTT-3.8.4-6], [MQTT-3.9.3-1]. */
  readonly reasons: readonly ReasonCode[];
}

export function decodeSuback(reader: ByteReader, version: ProtocolVersion): Suback {
  const packetId = readPacketIdentifier(reader);
  const properties = version === 5 ? readProperties(reader, "suback") : {};
  const reasons: ReasonCode[] = [];
  while (reader.left > 0) reasons.push(toReason(reader.uint8(), version));
  if (reasons.length === 0)
    throw new BrokerError("protocol-violation", "SUBACK without a reason code [MQTT-3.8.4-6]");
  return { type: "suback", packetId, properties, reasons };
}

function toReason(code: number, version: ProtocolVersion): ReasonCode {
  if (version !== 5 && code > 2 && code !== reasonCode.unspecifiedError) {
    throw new BrokerError("protocol-violation", `return code ${code}, MQTT 3.1.1 §3.9.3`);
  }
  return toReasonCode("suback", code);
}

export function encodeSuback(packet: Suback, version: ProtocolVersion): Buffer {
  const writer = new ByteWriter(32);
  writer.reserve(maxFixedHeaderBytes);
  writer.uint16(packet.packetId);
  if (version === 5) writeProperties(writer, packet.properties);
  // MQTT 3.1.1 has one code for every failure, its §3.9.3.
  for (const reason of packet.reasons) {
    writer.uint8(version === 5 || reason <= 2 ? reason : reasonCode.unspecifiedError);
  }
  return finishPacket("suback", writer);
}
