import { type ByteReader, ByteWriter } from "@dragoman/core";
import { finishPacket, maxFixedHeaderBytes } from "./fixed-header.ts";
import { readProperties, writeProperties } from "./properties.ts";
import type { Properties } from "./property.ts";
import type { ProtocolVersion } from "./protocol-version.ts";
import { type ReasonCode, reasonCode, toReasonCode } from "./reason-code.ts";

/** MQTT 5.0 §3.14. Before, it has no content and only the client sends it. */
export interface Disconnect {
  readonly type: "disconnect";
  readonly reason: ReasonCode;
  readonly properties: Properties;
}

export function decodeDisconnect(reader: ByteReader, version: ProtocolVersion): Disconnect {
  const hasReason = version === 5 && reader.left > 0;
  const reason = hasReason ? toReasonCode("disconnect", reader.uint8()) : reasonCode.success;
  const hasProperties = version === 5 && reader.left > 0;
  return {
    type: "disconnect",
    reason,
    properties: hasProperties ? readProperties(reader, "disconnect") : {},
  };
}

export function encodeDisconnect(packet: Disconnect, version: ProtocolVersion): Buffer {
  const writer = new ByteWriter(32);
  writer.reserve(maxFixedHeaderBytes);
  const hasProperties = Object.keys(packet.properties).length > 0;
  if (version === 5 && (packet.reason !== reasonCode.success || hasProperties)) {
    writer.uint8(packet.reason);
    if (hasProperties) writeProperties(writer, packet.properties);
  }
  return finishPacket("disconnect", writer);
}
