import { BrokerError, type ByteReader, ByteWriter } from "@dragoman/core";
import { finishPacket, maxFixedHeaderBytes } from "./fixed-header.ts";
import { readPacketIdentifier } from "./packet-identifier.ts";
import { readProperties, writeProperties } from "./properties.ts";
import type { Properties } from "./property.ts";
import type { ProtocolVersion } from "./protocol-version.ts";
import { readText, writeText } from "./text.ts";
import { parseTopicFilter } from "./topic-filter.ts";

/** MQTT 5.0 §3.10. */
export interface Unsubscribe {
  readonly type: "unsubscribe";
  readonly packetId: number;
  readonly properties: Properties;
  /** At least one, in the order of the packet. */
  readonly filters: readonly string[];
}

export function decodeUnsubscribe(reader: ByteReader, version: ProtocolVersion): Unsubscribe {
  const packetId = readPacketIdentifier(reader);
  const properties = version === 5 ? readProperties(reader, "unsubscribe") : {};
  const filters: string[] = [];
  while (reader.left > 0) {
    // [MQTT-3.10.3-1]
    const filter = readText(reader);
    parseTopicFilter(filter);
    filters.push(filter);
  }
  if (filters.length === 0) {
    throw new BrokerError("protocol-violation", "UNSUBSCRIBE without a topic filter [MQTT-3.10.3-2]");
  }
  return { type: "unsubscribe", packetId, properties, filters };
}

export function encodeUnsubscribe(packet: Unsubscribe, version: ProtocolVersion): Buffer {
  const writer = new ByteWriter(64);
  writer.reserve(maxFixedHeaderBytes);
  writer.uint16(packet.packetId);
  if (version === 5) writeProperties(writer, packet.properties);
  for (const filter of packet.filters) writeText(writer, filter);
  return finishPacket("unsubscribe", writer);
}
