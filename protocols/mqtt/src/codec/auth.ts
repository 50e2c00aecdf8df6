import { BrokerError, type ByteReader, ByteWriter } from "@dragoman/core";
import { finishPacket, maxFixedHeaderBytes } from "./fixed-header.ts";
import { readProperties, writeProperties } from "./properties.ts";
import type { Properties } from "./property.ts";
import { type ReasonCode, reasonCode, toReasonCode } from "./reason-code.ts";

/** MQTT 5.0 §3.15: one step of enhanced authentication. */
export interface Auth {
  readonly type: "auth";
  readonly reason: ReasonCode;
  readonly properties: Properties;
}

export function decodeAuth(reader: ByteReader): Auth {
  if (reader.left === 0) return { type: "auth", reason: reasonCode.success, properties: {} };
  const reason = toReasonCode("auth", reader.uint8());
  const properties = reader.left > 0 ? readProperties(reader, "auth") : {};
  if (properties.authenticationMethod === undefined) {
    throw new BrokerError("protocol-violation", "AUTH without a method, §3.15.2.2.2");
  }
  return { type: "auth", reason, properties };
}

export function encodeAuth(packet: Auth): Buffer {
  const writer = new ByteWriter(64);
  writer.reserve(maxFixedHeaderBytes);
  const hasProperties = Object.keys(packet.properties).length > 0;
  if (packet.reason !== reasonCode.success || hasProperties) {
    writer.uint8(packet.reason);
    writeProperties(writer, packet.properties);
  }
  return finishPacket("auth", writer);
}
