import { BrokerError, Traffic } from "@dragoman/core";
import { MemoryTransport } from "@dragoman/core/testing";
import { expect, test } from "vitest";
import { decodePacket, encodePacket, type Packet } from "../codec/packet.ts";
import { PacketSplitter } from "../codec/packet-splitter.ts";
import { PacketSender } from "./packet-sender.ts";

const explained = { reasonString: "because", userProperties: [["a", "b"]] } as const;

const packets: readonly (readonly [statements: string, packet: Packet])[] = [
  [
    "[MQTT-3.2.2-19] [MQTT-3.2.2-20]",
    { type: "connack", sessionPresent: false, reason: 0x87, properties: explained },
  ],
  ["[MQTT-3.4.2-2] [MQTT-3.4.2-3]", { type: "puback", packetId: 1, reason: 0x87, properties: explained }],
  ["[MQTT-3.5.2-2] [MQTT-3.5.2-3]", { type: "pubrec", packetId: 1, reason: 0x87, properties: explained }],
  ["[MQTT-3.6.2-2] [MQTT-3.6.2-3]", { type: "pubrel", packetId: 1, reason: 0x92, properties: explained }],
  ["[MQTT-3.7.2-2] [MQTT-3.7.2-3]", { type: "pubcomp", packetId: 1, reason: 0x92, properties: explained }],
  ["[MQTT-3.9.2-1] [MQTT-3.9.2-2]", { type: "suback", packetId: 1, reasons: [0x87], properties: explained }],
  [
    "[MQTT-3.11.2-1] [MQTT-3.11.2-2]",
    { type: "unsuback", packetId: 1, reasons: [0x11], properties: explained },
  ],
  ["[MQTT-3.14.2-3] [MQTT-3.14.2-4]", { type: "disconnect", reason: 0x82, properties: explained }],
  [
    "[MQTT-3.15.2-2] [MQTT-3.15.2-3]",
    { type: "auth", reason: 0x18, properties: { ...explained, authenticationMethod: "m" } },
  ],
];

test.each(packets)(
  "%s: what explains is left out when it makes the packet too large",
  (_statements, packet) => {
    const size = encodePacket(packet, 5).length;

    expect(sent(packet, size)).toEqual(packet);
    const bare = sent(packet, size - 1);
    expect(bare).toMatchObject({ type: packet.type });
    expect(JSON.stringify(bare)).not.toContain("because");
    expect(() => sent(packet, 2)).toThrow(BrokerError);
  },
);

test.each(packets)(
  "%s: only CONNACK and DISCONNECT explain to who does not ask [MQTT-3.1.2-29]",
  (_statements, packet) => {
    const isExplained = JSON.stringify(sent(packet, 1_000, false)).includes("because");

    expect(isExplained).toBe(packet.type === "connack" || packet.type === "disconnect");
  },
);

function sent(packet: Packet, maxPacketBytes: number, tellsProblems = true): Packet | undefined {
  const transport = new MemoryTransport();
  const sender = new PacketSender(transport, new Traffic());
  sender.version = 5;
  sender.maxPacketBytes = maxPacketBytes;
  sender.tellsProblems = tellsProblems;
  sender.send(packet);
  const splitter = new PacketSplitter(10_000);
  splitter.push(transport.take());
  return splitter.next() ? decodePacket(splitter, 5) : undefined;
}
