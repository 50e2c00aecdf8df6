import { BrokerError, type ByteWriter } from "@dragoman/core";
import type { PacketName } from "./packet-type.ts";
import { packetType } from "./packet-type.ts";
import type { ProtocolVersion } from "./protocol-version.ts";
import { putVariableByteInteger, variableByteIntegerSize } from "./variable-byte-integer.ts";

/** Most bytes that a fixed header takes: one for type and flags, four for the remaining length. */
export const maxFixedHeaderBytes = 5;

/**
 * Checks the lower four bits of a first byte. MQTT 3.1 does not use them but in PUBLISH, and asks for no value.
 *
 * @throws BrokerError "malformed" [MQTT-2.1.3-1], [MQTT-3.14.1-1], [MQTT-3.15.1-1], MQTT 3.1.1 [MQTT-2.2.2-1], [MQTT-2.2.2-2]
 */
export function checkFlags(packet: PacketName, header: number, version: ProtocolVersion): void {
  const flags = header & 0x0f;
  if (flags === flagsOf(packet) || version === 3) return;
  throw new BrokerError("malformed", `reserved flags of a ${packet} are ${flags} [MQTT-2.1.3-1]`);
}

/**
 * Puts the fixed header in front of a body for which `maxFixedHeaderBytes` were reserved at the writer's start.
 */
export function finishPacket(packet: PacketName, writer: ByteWriter): Buffer {
  const bytes = writer.finish();
  const remaining = bytes.length - maxFixedHeaderBytes;
  const start = maxFixedHeaderBytes - 1 - variableByteIntegerSize(remaining);
  bytes[start] = (packetType[packet] << 4) | flagsOf(packet);
  putVariableByteInteger(bytes, start + 1, remaining);
  return bytes.subarray(start);
}

/** [MQTT-3.6.1-1], [MQTT-3.8.1-1], [MQTT-3.10.1-1]: 0010; all others, but for PUBLISH, 0000. */
function flagsOf(packet: PacketName): number {
  return packet === "pubrel" || packet === "subscribe" || packet === "unsubscribe" ? 0b0010 : 0;
}
