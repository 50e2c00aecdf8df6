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

test("answers and messages gather, and go out as one piece before anything else and at the end of the turn", async () => {
  const { transport, sender, traffic } = started();
  sender.answer(0x40, 1);
  sender.addPublish()?.bytes(Buffer.from("3000", "hex"));
  sender.answer(0x40, 2);
  expect([sender.waitingBytes, transport.take().length]).toEqual([10, 0]);
  sender.send({ type: "pingresp" });
  sender.answer(0x50, 258);

  expect(transport.take().toString("hex")).toBe("40020001300040020002d000");
  await Promise.resolve();
  expect(transport.take().toString("hex")).toBe("50020102");
  expect(traffic).toMatchObject({ packetsSent: 5, messagesSent: 1, bytesSent: 16 });
});

test("a batch that is full does not wait for its end", () => {
  const { transport, sender } = started();
  for (let packetId = 1; packetId <= 16_385; packetId++) sender.answer(0x40, packetId);

  expect([transport.take().length, sender.waitingBytes]).toEqual([65_536, 4]);
});

test("nothing is gathered once the sender is closed", async () => {
  const { transport, sender } = started();
  sender.answer(0x40, 1);
  sender.close();
  sender.answer(0x40, 2);
  await Promise.resolve();

  expect([sender.addPublish(), transport.take().toString("hex")]).toEqual([undefined, "40020001"]);
});

function started(): {
  readonly transport: MemoryTransport;
  readonly sender: PacketSender;
  readonly traffic: Traffic;
} {
  const transport = new MemoryTransport();
  const traffic = new Traffic();
  return { transport, sender: new PacketSender(transport, traffic), traffic };
}

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
