import { type Authority, MemoryEngine, OPEN_AUTHORITY } from "@dragoman/core";
import { SlowEngine } from "@dragoman/core/testing";
import { describe, expect, test } from "vitest";
import type { Connect } from "../codec/connect.ts";
import { encodePacket, type Packet } from "../codec/packet.ts";
import { decodeProperties } from "../codec/properties.ts";
import { settle, TestClient } from "../testing/test-client.ts";
import { connected, type StartedServer, startServer } from "../testing/test-server.ts";

const kept = { clientId: "kept", cleanStart: false, properties: { sessionExpiryInterval: 60 } };
const utf8 = (text: string): Buffer => Buffer.from(text);
const will = { topic: "will", qos: 0, retain: false, properties: {}, payload: utf8("gone") } as const;

const everything = {
  filter: "#",
  qos: 0,
  noLocal: false,
  retainAsPublished: false,
  retainHandling: "never",
} as const;

function connectPacket(version: 4 | 5): Connect {
  const terms = { cleanStart: true, keepAlive: 60, properties: {}, userName: undefined, password: undefined };
  return { type: "connect", version, clientId: "", will: undefined, ...terms };
}

function publishPacket(topic: string, payload: string): Packet {
  const flags = { dup: false, qos: 0, retain: false, packetId: 0 } as const;
  return { type: "publish", topic, payload: utf8(payload), properties: Buffer.of(), ...flags };
}

async function presentFor(server: StartedServer, options: object, version: 3 | 4 | 5 = 5): Promise<boolean> {
  return (await new TestClient(server, version).connect({ ...kept, ...options }))?.sessionPresent ?? false;
}

async function listener(server: StartedServer, filter = "#"): Promise<TestClient> {
  const client = await connected(server, { clientId: `listener-${filter}` });
  await client.subscribe(filter, 2, { retainAsPublished: true });
  return client;
}

describe("a session", () => {
  test("is new when there is none, and told to be there when there is [MQTT-3.1.2-5] [MQTT-3.1.2-6] [MQTT-3.1.2-23] [MQTT-3.1.3-2] [MQTT-3.1.4-4] [MQTT-3.2.2-3], MQTT 3.1.1 [MQTT-3.1.2-4] [MQTT-3.1.3-2] [MQTT-3.1.4-3] [MQTT-3.2.2-2] [MQTT-3.2.2-3]", async () => {
    for (const version of [4, 5] as const) {
      const server = await startServer();
      const first = new TestClient(server, version);
      expect(await first.connect(kept)).toMatchObject({ sessionPresent: false, reason: 0 });
      first.drop();

      expect(await presentFor(server, {}, version)).toBe(true);
      expect(await presentFor(server, { clientId: "other" }, version)).toBe(false);
    }
  });

  test("is discarded by a clean start [MQTT-3.1.2-4] [MQTT-3.2.2-2], MQTT 3.1.1 [MQTT-3.1.2-6] [MQTT-3.2.2-1]", async () => {
    for (const version of [4, 5] as const) {
      const server = await startServer();
      const first = await connected(server, kept, version);
      await first.subscribe("a", 1);
      first.drop();
      (await connected(server, { clientId: "publisher" })).publish("a", "x", { qos: 1, packetId: 1 });

      const clean = new TestClient(server, version);
      expect(await clean.connect({ ...kept, cleanStart: true })).toMatchObject({ sessionPresent: false });
      clean.drop();
      const again = await connected(server, kept, version);
      (await connected(server, { clientId: "publisher" })).publish("a", "y", { qos: 1, packetId: 1 });
      expect(again.takeMessages()).toEqual([]);
    }
  });

  test("keeps messages for an absent client, but those of QoS 0 only by choice [MQTT-4.5.0-1], MQTT 3.1.1 [MQTT-3.1.2-5] [MQTT-4.5.0-1]", async () => {
    for (const keepsQos0 of [false, true]) {
      const server = await startServer({ keepsQos0 });
      const first = await connected(server, kept);
      await first.subscribe("a/#", 2);
      first.drop();
      const publisher = await connected(server, { clientId: "publisher" });
      for (const qos of [0, 1, 2] as const) publisher.publish("a/b", String(qos), { qos, packetId: qos });

      expect((await connected(server, kept)).takePayloads()).toEqual(
        keepsQos0 ? ["0", "1", "2"] : ["1", "2"],
      );
      expect(server.broker.drops.of("offline")).toBe(keepsQos0 ? 0 : 1);
    }
  });

  test("lets no more wait than is allowed; the oldest goes and is counted", async () => {
    const server = await startServer({ maxQueuedMessages: 2 });
    const first = await connected(server, kept);
    await first.subscribe("a", 1);
    first.drop();
    const publisher = await connected(server, { clientId: "publisher" });
    for (const payload of ["1", "2", "3"]) publisher.publish("a", payload, { qos: 1, packetId: 1 });

    expect((await connected(server, kept)).takePayloads()).toEqual(["2", "3"]);
    expect(server.broker.drops.of("overflow")).toBe(1);
  });

  test("ends when its time is over, and not before [MQTT-4.1.0-2] [MQTT-4.1.0-1]", async () => {
    const server = await startServer();
    const first = await connected(server, kept);
    server.clock.advance(1_000_000);
    first.drop();
    server.clock.advance(59_999);
    const again = await connected(server, kept);
    again.drop();
    server.clock.advance(60_001);

    expect(await presentFor(server, {})).toBe(false);
  });

  test("of 0 ends with its connection, also when another takes over; of 0xffffffff never [MQTT-4.1.0-2]", async () => {
    const server = await startServer();
    const gone = { clientId: "gone", properties: {} };
    await connected(server, { ...gone, cleanStart: false });
    expect(await presentFor(server, gone)).toBe(false);

    const forever = { clientId: "forever", properties: { sessionExpiryInterval: 0xffff_ffff } };
    (await connected(server, forever)).drop();
    server.clock.advance(10 ** 12);
    expect(await presentFor(server, forever)).toBe(true);
  });

  test("expires as the DISCONNECT says, which cannot keep what was not to be kept", async () => {
    const server = await startServer();
    const first = await connected(server, kept);
    first.send({ type: "disconnect", reason: 0, properties: { sessionExpiryInterval: 10 } });
    server.clock.advance(10_001);
    expect(await presentFor(server, {})).toBe(false);

    const ended = await connected(server, kept);
    ended.send({ type: "disconnect", reason: 0, properties: { sessionExpiryInterval: 0 } });
    expect(await presentFor(server, {})).toBe(false);

    const clean = await connected(server, { clientId: "clean" });
    clean.send({ type: "disconnect", reason: 0, properties: { sessionExpiryInterval: 10 } });
    expect(clean.take()).toMatchObject([{ type: "disconnect", reason: 0x82 }]);
  });

  test("goes on in another version, with what can be kept", async () => {
    const server = await startServer();
    const four = await connected(server, kept, 4);
    await four.subscribe("a", 1);
    four.drop();
    const publisher = await connected(server, { clientId: "publisher" });
    publisher.publish("a", "1", { qos: 1, packetId: 1, properties: { contentType: "text" } });

    const five = new TestClient(server, 5);
    expect(await five.connect(kept)).toMatchObject({ sessionPresent: true });
    const [message] = five.takeMessages();
    expect(decodeProperties(message?.properties ?? Buffer.of(), "publish")).toEqual({ contentType: "text" });
    five.drop();

    const three = new TestClient(server, 3);
    await three.connect(kept);
    expect(three.takeMessages().map(({ dup, packetId }) => [dup, packetId])).toEqual([
      [true, message?.packetId],
    ]);
  });

  test("is there again after a restart, its subscriptions and messages too", async () => {
    const engine = new MemoryEngine();
    const first = await startServer({}, { engine });
    const client = await connected(first, kept);
    await client.subscribe("a/+", 1, { id: 5, noLocal: true });
    await client.subscribe("$share/g/s", 1);
    client.drop();
    const publisher = await connected(first, { clientId: "publisher" });
    for (const topic of ["a/b", "s"]) publisher.publish(topic, topic, { qos: 1, packetId: 1 });
    await first.broker.close();

    const second = await startServer({}, { engine, clock: first.clock });
    const again = await connected(second, kept);
    expect(again.takePayloads().toSorted()).toEqual(["a/b", "s"]);
    again.publish("a/b", "own");
    (await connected(second, { clientId: "publisher" })).publish("a/b", "other");
    const [message, ...more] = again.takeMessages();
    expect([decodeProperties(message?.properties ?? Buffer.of(), "publish"), more]).toEqual([
      { subscriptionIdentifiers: [5] },
      [],
    ]);
  });

  test("has ended when somebody has deleted its queue, its subscriptions with it, also over a restart", async () => {
    for (const restarts of [false, true]) {
      const engine = new MemoryEngine();
      const server = await startServer({}, { engine });
      const first = await connected(server, kept);
      await first.subscribe("a", 1);
      first.drop();
      const { topology } = server.broker.virtualHost("/");
      const queue = topology.queues.get("mqtt.kept");
      if (queue !== undefined) topology.deleteQueue(queue);

      const after = restarts ? await startServer({}, { engine, clock: server.clock }) : server;
      expect(await presentFor(after, {})).toBe(false);
    }
  });

  test("can be unsubscribed after a restart from what it had subscribed to before", async () => {
    const engine = new MemoryEngine();
    const first = await startServer({}, { engine });
    const before = await connected(first, kept);
    for (const filter of ["a/+", "$share/g/b"]) await before.subscribe(filter, 1);
    before.drop();

    const after = await connected(await startServer({}, { engine, clock: first.clock }), kept);
    const filters = ["a/+", "$share/g/b", "c"];
    for (const reasons of [
      [0, 0, 0x11],
      [0x11, 0x11, 0x11],
    ]) {
      after.send({ type: "unsubscribe", packetId: 1, properties: {}, filters });
      await settle();
      expect(after.take()).toEqual([{ type: "unsuback", packetId: 1, properties: {}, reasons }]);
    }
  });

  test("leaves its groups when it expires after a restart, though nobody has connected since", async () => {
    const engine = new MemoryEngine();
    const first = await startServer({}, { engine });
    for (const clientId of ["one", "two"]) {
      const member = await connected(first, { ...kept, clientId });
      await member.subscribe("$share/g/a", 1);
      member.drop();
    }

    first.broker.timers.stop();
    const { broker, clock } = await startServer({}, { engine, clock: first.clock });
    const { queues } = broker.virtualHost("/").topology;
    clock.advance(59_000);
    expect([...queues.keys()]).toContain("share.g.a");
    clock.advance(1_000);
    expect([...queues.keys()]).toEqual([]);
  });

  test("is not read from any more when its client says goodbye [MQTT-3.14.4-1]", async () => {
    const server = await startServer();
    const client = await connected(server);
    client.sendHex("e000 c000");

    expect([client.isEnded, client.take()]).toEqual([true, []]);
  });

  test("has nothing to do any more with a connection that ended while its SUBSCRIBE was being stored", async () => {
    const engine = new SlowEngine();
    const server = await startServer({}, { engine });
    const publisher = await connected(server, { clientId: "publisher" });
    const first = await connected(server, kept);
    await first.subscribe("a", 1);
    for (const payload of ["1", "2"]) publisher.publish("a", payload, { qos: 1, packetId: 1 });
    first.drop();

    const second = new TestClient(server);
    // It takes no more than one of the two, and the other waits.
    second.transport.bufferedBytes = 300_000;
    await second.connect(kept);
    engine.stall();
    await second.subscribe("b", 1);
    second.drop();
    second.transport.bufferedBytes = 0;
    engine.commit();
    await settle();
    const third = await connected(server, kept);
    for (const payload of ["3", "4", "5"]) publisher.publish("a", payload, { qos: 1, packetId: 1 });
    await settle();

    expect(third.takePayloads()).toEqual(["1", "2", "3", "4", "5"]);
  });
});

describe("a will", () => {
  test("is published when the connection ends without a goodbye, and once [MQTT-3.1.2-7] [MQTT-3.1.2-8] [MQTT-3.1.2-10], MQTT 3.1.1 [MQTT-3.1.2-8] [MQTT-3.1.2-10]", async () => {
    for (const version of [3, 4, 5] as const) {
      for (const end of ["drop", "malformed", "keep-alive"] as const) {
        const server = await startServer();
        const heard = await listener(server);
        const client = await connected(server, { will, keepAlive: 10 }, version);
        if (end === "drop") client.drop();
        else if (end === "malformed") client.sendHex("0000");
        else server.clock.advance(20_000);
        client.connection.tick(server.clock.now());
        client.connection.closed();

        expect(heard.takePayloads()).toEqual(["gone"]);
      }
    }
  });

  test("is discarded by a normal goodbye [MQTT-3.14.4-3] [MQTT-3.1.2-10], MQTT 3.1.1 [MQTT-3.14.4-2] [MQTT-3.1.2-12]", async () => {
    for (const version of [4, 5] as const) {
      const server = await startServer();
      const heard = await listener(server);
      const client = await connected(server, { will }, version);
      client.send({ type: "disconnect", reason: 0, properties: {} });
      client.connection.closed();
      const without = await connected(server, {}, version);
      without.drop();

      expect(heard.takePayloads()).toEqual([]);
    }
  });

  test("is discarded by a goodbye that waits behind other commands when the transport closes [MQTT-3.14.4-3], MQTT 3.1.1 [MQTT-3.14.4-2]", async () => {
    for (const version of [4, 5] as const) {
      for (const saysGoodbye of [true, false]) {
        const server = await startServer();
        const heard = await listener(server);
        const client = new TestClient(server, version);
        const packets: Packet[] = [
          { ...connectPacket(version), clientId: "hasty", will },
          { type: "subscribe", packetId: 1, properties: {}, subscriptions: [everything] },
          publishPacket("a", "last"),
        ];
        if (saysGoodbye) packets.push({ type: "disconnect", reason: 0, properties: {} });
        client.sendBytes(Buffer.concat(packets.map((packet) => encodePacket(packet, version))));
        client.drop();
        await settle();

        expect(heard.takePayloads()).toEqual(saysGoodbye ? ["last"] : ["last", "gone"]);
        expect(server.broker.clients.size).toBe(1);
      }
    }
  });

  test("is published at a goodbye that asks for it [MQTT-3.1.2-8]", async () => {
    for (const reason of [0x04, 0x80] as const) {
      const server = await startServer();
      const heard = await listener(server);
      (await connected(server, { will })).send({ type: "disconnect", reason, properties: {} });

      expect(heard.takePayloads()).toEqual(["gone"]);
    }
  });

  test("has the QoS, retention and properties of the CONNECT [MQTT-3.1.2-14] [MQTT-3.1.2-15], MQTT 3.1.1 [MQTT-3.1.2-16] [MQTT-3.1.2-17]", async () => {
    for (const retain of [false, true]) {
      const server = await startServer();
      const heard = await listener(server);
      const properties = {
        contentType: "text/plain",
        responseTopic: "answers",
        correlationData: utf8("c"),
        messageExpiryInterval: 100,
        userProperties: [
          ["a", "1"],
          ["a", "2"],
        ],
      } as const;
      const client = await connected(server, { will: { ...will, qos: 2, retain, properties } });
      server.clock.advance(1_000);
      client.drop();

      const [message] = heard.takeMessages();
      expect(message).toMatchObject({ qos: 2, retain, topic: "will" });
      expect(decodeProperties(message?.properties ?? Buffer.of(), "publish")).toEqual(properties);
      expect(server.broker.virtualHost("/").retained.count).toBe(retain ? 1 : 0);
    }
  });

  test("waits for its delay, or for the end of the session [MQTT-3.1.2-8]", async () => {
    for (const [willDelayInterval, sessionExpiryInterval, want] of [
      [10, 60, 10],
      [60, 10, 10],
      [60, 0, 0],
    ] as const) {
      const server = await startServer();
      const heard = await listener(server);
      const delayed = { ...will, properties: { willDelayInterval } };
      const client = await connected(server, { will: delayed, properties: { sessionExpiryInterval } });
      client.drop();
      if (want > 0) {
        server.clock.advance(want * 1_000 - 1);
        expect(heard.takePayloads()).toEqual([]);
        server.clock.advance(2);
      }

      expect(heard.takePayloads()).toEqual(["gone"]);
      server.clock.advance(100_000);
      expect(heard.takePayloads()).toEqual([]);
    }
  });

  test("is not sent when its client comes back in time [MQTT-3.1.3-9]", async () => {
    const server = await startServer();
    const heard = await listener(server);
    const delayed = { ...kept, will: { ...will, properties: { willDelayInterval: 10 } } };
    (await connected(server, delayed)).drop();
    server.clock.advance(5_000);
    const again = await connected(server, kept);
    server.clock.advance(10_000);
    again.send({ type: "disconnect", reason: 0, properties: {} });
    server.clock.advance(10_000);

    expect(heard.takePayloads()).toEqual([]);
  });

  test("is sent when another connection takes over, unless it has a delay and the session goes on [MQTT-3.1.4-3]", async () => {
    for (const [willDelayInterval, cleanStart, want] of [
      [0, false, ["gone"]],
      [0, true, ["gone"]],
      [10, true, ["gone"]],
      [10, false, []],
    ] as const) {
      const server = await startServer();
      const heard = await listener(server);
      await connected(server, { ...kept, will: { ...will, properties: { willDelayInterval } } });
      await connected(server, { ...kept, cleanStart });

      expect(heard.takePayloads()).toEqual(want);
    }
  });

  test("is sent when the broker stops, unless the session is kept", async () => {
    for (const sessionExpiryInterval of [0, 60]) {
      const server = await startServer();
      const heard = await listener(server);
      const client = await connected(server, { will, properties: { sessionExpiryInterval } });
      client.take();
      client.connection.shutdown("shutdown");

      expect(client.take()).toMatchObject([{ type: "disconnect", reason: 0x8b }]);
      expect(heard.takePayloads()).toEqual(sessionExpiryInterval === 0 ? ["gone"] : []);
    }
  });

  test("that its client may not publish refuses the CONNECT", async () => {
    const authority: Authority = { ...OPEN_AUTHORITY, allows: (_identity, action) => action !== "publish" };
    const server = await startServer({}, { authority });
    const client = new TestClient(server);

    expect(await client.connect({ will })).toMatchObject({ reason: 0x87 });
    await settle();
    expect(server.broker.clients.size).toBe(0);
  });
});

test("an operator ends a connection with 0x98", async () => {
  const server = await startServer();
  const client = await connected(server);
  client.take();
  client.connection.shutdown("administrative");

  expect(client.take()).toMatchObject([{ type: "disconnect", reason: 0x98 }]);
  expect(server.broker.clients.size).toBe(0);
});

function as(userName: string | undefined): Partial<Parameters<TestClient["connect"]>[0] & object> {
  return { ...kept, userName, password: userName === undefined ? undefined : utf8("x") };
}

describe("a session that another user has", () => {
  test.each([3, 4, 5] as const)("is neither taken over nor ended, MQTT level %i", async (version) => {
    const server = await startServer();
    const owner = await connected(server, as("alice"));
    for (const userName of ["mallory", undefined]) {
      for (const cleanStart of [false, true]) {
        const thief = new TestClient(server, version);
        const connack = await thief.connect({ ...as(userName), cleanStart });
        expect(connack).toMatchObject({ sessionPresent: false, reason: 0x87 });
        expect([thief.isEnded, owner.isEnded]).toEqual([true, false]);
      }
    }
    expect(server.broker.clients.size).toBe(1);
    const again = new TestClient(server, version);
    expect(await again.connect({ ...as("alice"), cleanStart: version === 3 })).toMatchObject({ reason: 0 });
    expect(owner.isEnded).toBe(true);
  });

  test("is everybody's who does not log in, and everybody's at all where that is configured", async () => {
    const server = await startServer();
    const first = await connected(server, as(undefined));
    expect(await new TestClient(server).connect(as(undefined))).toMatchObject({ sessionPresent: true });
    expect(first.isEnded).toBe(true);
    const open = await startServer({ protectsSessions: false });
    await connected(open, as("alice"));
    expect(await new TestClient(open).connect(as("mallory"))).toMatchObject({ sessionPresent: true });
  });
});
