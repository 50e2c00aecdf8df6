import { BrokerError, type ByteReader } from "@dragoman/core";

/**
 * Reads a Packet Identifier, 1 to 65 535.
 *
 * @throws BrokerError "protocol-violation" for 0 [MQTT-2.2.1-3], MQTT 3.1.1 [MQTT-2.3.1-1]
 */
export function readPacketIdentifier(reader: ByteReader): number {
  const packetId = reader.uint16();
  if (packetId === 0) throw new BrokerError("protocol-violation", "packet identifier 0 [MQTT-2.2.1-3]");
  return packetId;
}
