import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { IPublishPacket } from "mqtt-packet";
import { createBroker, type RunningBroker } from "dragoman";
import { WebSocket } from "ws";
import { afterEach, beforeEach, expect, test } from "vitest";
import { RawMqtt } from "../clients/raw-mqtt.ts";

let broker: RunningBroker;
const sockets: Socket[] = [];

beforeEach(async () => {
  broker = await createBroker({ introductionTimeoutMs: 1_000 });
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await broker.close();
});

async function open(): Promise<Socket> {
  const { hostname, port } = new URL(broker.url("mqtt"));
  const socket = connect(Number(port), hostname);
  sockets.push(socket);
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return socket;
}

/** What the broker answers a client that does nothing wrong. */
async function ping(client: RawMqtt): Promise<string> {
  client.send({ cmd: "pingreq" });
  const { cmd } = await client.packets.next((packet) => packet.cmd === "pingresp");
  return cmd;
}

test("a flood of connections that say nothing, or half a CONNECT, is cut off and disturbs nobody", async () => {
  const client = await RawMqtt.connect(broker.url("mqtt"), 5);
  const halves = await Promise.all(
    Array.from({ length: 300 }, async (_, index) => {
      const socket = await open();
      if (index % 2 === 1) socket.write(Buffer.from("107f00044d515454", "hex"));
      return socket;
    }),
  );
  expect(await ping(client)).toBe("pingresp");
  await Promise.all(halves.map((socket) => once(socket.resume(), "close")));
  expect(await ping(client)).toBe("pingresp");
}, 15_000);

test("a CONNECT of which a byte comes now and then does not keep its connection", async () => {
  const socket = await open();
  const bytes = Buffer.from("108080400004 4d515454 05 02 0000 00 ffff".replaceAll(" ", ""), "hex");
  let at = 0;
  const drip = setInterval(() => socket.write(bytes.subarray(at, ++at)), 200);
  await once(socket.resume(), "close");
  clearInterval(drip);
  expect(at).toBeLessThan(bytes.length * 2);
}, 15_000);

test("a packet that comes byte by byte is understood, and one too large is refused by its length alone", async () => {
  const client = await RawMqtt.connect(broker.url("mqtt"), 5);
  const slow = await open();
  for (const byte of Buffer.from("101000044d5154540502000000000373 6c6f".replaceAll(" ", ""), "hex")) {
    slow.write(Buffer.of(byte));
  }
  const [connack] = await once(slow, "data");
  expect(Buffer.from(connack)[0]).toBe(0x20);
  slow.write(Buffer.from("30ffffff7f", "hex"));
  const [goodbye] = await once(slow, "data");
  expect([...Buffer.from(goodbye).subarray(0, 1), Buffer.from(goodbye)[2]]).toEqual([0xe0, 0x95]);
  expect(await ping(client)).toBe("pingresp");
}, 15_000);

test("a WebSocket message of text ends its connection, as what MQTT sends is binary [MQTT-6.0.0-1], MQTT 3.1.1 [MQTT-6.0-1]", async () => {
  const connect5 = "100d00044d51545405020000000000";
  const url = `${broker.url("http").replace("http", "ws")}/mqtt`;
  const ends: unknown[] = [];
  for (const isBinary of [true, false]) {
    const socket = new WebSocket(url, "mqtt");
    await once(socket, "open");
    const first = Promise.race([
      once(socket, "message").then(() => "answered"),
      once(socket, "close").then(([code]): unknown => code),
    ]);
    socket.send(Buffer.from(connect5, "hex"), { binary: isBinary });
    ends.push(await first);
    socket.terminate();
  }

  expect(ends).toEqual(["answered", 1003]);
});

test("a client over WebSocket that says everything and closes in one write is heard, and its will is not [MQTT-3.14.4-3]", async () => {
  // A kept session's SUBSCRIBE waits for the disk.
  const dataDir = mkdtempSync(join(tmpdir(), "dragoman-goodbye-"));
  const durable = await createBroker({ dataDir });
  const client = await RawMqtt.connect(durable.url("mqtt"), 5);
  client.send({
    cmd: "subscribe",
    messageId: 1,
    subscriptions: [
      { topic: "will", qos: 0 },
      { topic: "last", qos: 0 },
    ],
  });
  await client.packets.next(({ cmd }) => cmd === "suback");
  const url = `${durable.url("http").replace("http", "ws")}/mqtt`;
  for (const goodbye of ["e000", ""]) {
    const socket = new WebSocket(url, "mqtt");
    await once(socket, "open");
    const raw = Reflect.get(socket, "_socket") as Socket;
    raw.cork();
    // CONNECT with a will and a kept session, SUBSCRIBE, PUBLISH, perhaps DISCONNECT.
    for (const packet of [
      "1022 0004 4d515454 05 06 0000 05 11 00000e10 0003 626565 00 0004 77696c6c 0004 676f6e65",
      "8207 0001 00 0001 78 00",
      "3008 0004 6c617374 00 31",
      goodbye,
    ])
      if (packet !== "") socket.send(Buffer.from(packet.replaceAll(" ", ""), "hex"));
    socket.close();
    raw.uncork();
    const { topic } = await nextPublish(client);
    expect(topic).toBe("last");
    if (goodbye === "") expect((await nextPublish(client)).topic).toBe("will");
  }
  client.close();
  await durable.close();
  rmSync(dataDir, { recursive: true });
});

async function nextPublish(client: RawMqtt): Promise<IPublishPacket> {
  const packet = await client.packets.next(({ cmd }) => cmd === "publish");
  if (packet.cmd !== "publish") throw new Error("a PUBLISH was asked for");
  return packet;
}
