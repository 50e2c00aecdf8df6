import { MemoryEngine } from "@dragoman/core";
import { describe, expect, test, vi } from "vitest";
import type { AcknowledgementName } from "../codec/acknowledgement.ts";
import { decodeProperties } from "../codec/properties.ts";
import type { ReasonCode } from "../codec/reason-code.ts";
import { settle, type TestClient } from "../testing/test-client.ts";
import { connected, type StartedServer, startServer } from "../testing/test-server.ts";
import { PublishTemplate } from "./publish-template.ts";

const kept = { clientId: "kept", cleanStart: false, properties: { sessionExpiryInterval: 3_600 } };
const kept4 = { clientId: "kept", cleanStart: false };

function answer(
  client: TestClient,
  type: AcknowledgementName,
  packetId: number,
  reason: ReasonCode = 0,
): void {
  client.send({ type, packetId, reason, properties: {} });
}

async function publisherOf(server: StartedServer, version: 4 | 5 = 5): Promise<TestClient> {
  return connected(server, { clientId: "publisher" }, version);
}

/** A publish of any QoS to `topic`, answered to its end. */
async function publish(
  client: TestClient,
  topic: string,
  payload: string,
  qos: 0 | 1 | 2 = 1,
): Promise<void> {
  client.publish(topic, payload, { qos, packetId: qos === 0 ? 0 : 77 });
  if (qos === 2) answer(client, "pubrel", 77);
  await settle();
  client.take();
}

describe("a delivery", () => {
  test("of a group too is written from a template when it is like those before", async () => {
    const server = await startServer();
    const subscriber = await connected(server);
    await subscriber.subscribe("$share/g/a", 1);
    const publisher = await publisherOf(server);
    const write = vi.spyOn(PublishTemplate.prototype, "write");
    for (const payload of ["1", "2", "3", "4"]) publisher.publish("a", payload, { qos: 1, packetId: 1 });
    await settle();

    expect(subscriber.takePayloads()).toEqual(["1", "2", "3", "4"]);
    expect(write).toHaveBeenCalledTimes(2);
    write.mockRestore();
  });

  test("has the lower QoS of publisher and subscription [MQTT-3.8.4-8]", async () => {
    const server = await startServer();
    const publisher = await publisherOf(server);
    for (const granted of [0, 1, 2] as const) {
      const subscriber = await connected(server, { clientId: `s${granted}` });
      await subscriber.subscribe("a", granted);
      for (const qos of [0, 1, 2] as const) await publish(publisher, "a", "x", qos);
      expect(subscriber.takeMessages().map(({ qos }) => qos)).toEqual(
        [0, 1, 2].map((qos) => Math.min(qos, granted)),
      );
    }
  });

  test("has an identifier that is not in use, and none for QoS 0 [MQTT-2.2.1-2] [MQTT-2.2.1-4] [MQTT-4.3.2-1] [MQTT-4.3.3-1], MQTT 3.1.1 [MQTT-2.3.1-4] [MQTT-2.3.1-5]", async () => {
    const server = await startServer();
    const publisher = await publisherOf(server);
    const subscriber = await connected(server);
    await subscriber.subscribe("a", 1);
    for (let count = 0; count < 50; count++) publisher.publish("a", "x", { qos: 1, packetId: 1 });
    const identifiers = subscriber.takeMessages().map(({ packetId }) => packetId);
    expect(new Set(identifiers).size).toBe(50);
    expect(identifiers).not.toContain(0);
    await publish(publisher, "a", "x", 0);
    expect(subscriber.takeMessage()?.packetId).toBe(0);
  });

  test("is never sent with DUP for the first time, whatever came in [MQTT-3.3.1-3] [MQTT-4.3.1-1] [MQTT-4.3.2-2] [MQTT-4.3.3-2], MQTT 3.1.1 [MQTT-3.3.1-3] [MQTT-3.3.1-2]", async () => {
    const server = await startServer();
    const publisher = await publisherOf(server);
    const subscriber = await connected(server);
    await subscriber.subscribe("a", 2);
    publisher.publish("a", "1", { qos: 1, packetId: 1, dup: true });
    publisher.publish("a", "2", { qos: 2, packetId: 2, dup: true });

    expect(subscriber.takeMessages().map(({ dup }) => dup)).toEqual([false, false]);
  });

  test("of QoS 2 is released when it was received and complete with PUBCOMP [MQTT-4.3.3-4] [MQTT-4.3.3-5] [MQTT-4.3.3-6]", async () => {
    const server = await startServer();
    const subscriber = await connected(server);
    await subscriber.subscribe("a", 2);
    await publish(await publisherOf(server), "a", "x", 2);
    const packetId = subscriber.takeMessage()?.packetId ?? 0;
    answer(subscriber, "pubrec", packetId);
    answer(subscriber, "pubrec", packetId);

    expect(subscriber.take()).toMatchObject([
      { type: "pubrel", packetId },
      { type: "pubrel", packetId },
    ]);
    answer(subscriber, "pubcomp", packetId);
    answer(subscriber, "pubcomp", packetId);
    expect([subscriber.take(), subscriber.isEnded]).toEqual([[], false]);
  });

  test("that nobody knows is answered with 0x92, unless it was refused", async () => {
    const subscriber = await connected(await startServer());
    subscriber.send({ type: "pubrec", packetId: 7, reason: 0x80, properties: {} });
    subscriber.send({ type: "pubrec", packetId: 8, reason: 0, properties: {} });

    expect(subscriber.take()).toMatchObject([{ type: "pubrel", packetId: 8, reason: 0x92 }]);
  });

  test("that is answered in the words of another QoS is a protocol error", async () => {
    for (const [qos, type] of [
      [1, "pubrec"],
      [1, "pubcomp"],
      [2, "puback"],
      [2, "pubcomp"],
    ] as const) {
      const server = await startServer();
      const subscriber = await connected(server);
      await subscriber.subscribe("a", qos);
      await publish(await publisherOf(server), "a", "x", qos);
      answer(subscriber, type, subscriber.takeMessage()?.packetId ?? 0);
      expect(subscriber.take()).toMatchObject([{ type: "disconnect", reason: 0x82 }]);
    }
  });

  test("keeps the order of its topic [MQTT-4.6.0-5] [MQTT-4.6.0-6], MQTT 3.1.1 [MQTT-4.6.0-5] [MQTT-4.6.0-6]", async () => {
    const server = await startServer({ maxInflight: 3 });
    const publisher = await publisherOf(server);
    const subscriber = await connected(server);
    await subscriber.subscribe("a", 1);
    const sent = Array.from({ length: 50 }, (_item, index) => String(index));
    for (const payload of sent) publisher.publish("a", payload, { qos: 1, packetId: 1 });
    const got: string[] = [];
    for (
      let messages = subscriber.takeMessages();
      messages.length > 0;
      messages = subscriber.takeMessages()
    ) {
      for (const { payload, packetId } of messages) {
        got.push(Buffer.from(payload).toString());
        answer(subscriber, "puback", packetId);
      }
    }

    expect(got).toEqual(sent);
  });
});

describe("the client's window", () => {
  test("is never passed, and QoS 0 and other packets need no place in it [MQTT-3.3.4-9] [MQTT-3.3.4-10] [MQTT-4.9.0-1] [MQTT-4.9.0-2] [MQTT-4.3.2-3] [MQTT-4.3.3-3]", async () => {
    const server = await startServer();
    const publisher = await publisherOf(server);
    const subscriber = await connected(server, { properties: { receiveMaximum: 2 } });
    await subscriber.subscribe("a", 2);
    for (const payload of ["1", "2", "3", "4"]) await publish(publisher, "a", payload, 2);
    await publish(publisher, "a", "now", 0);
    subscriber.send({ type: "pingreq" });

    const first = subscriber.take();
    expect(first.map(({ type }) => type)).toEqual(["publish", "publish", "publish", "pingresp"]);
    const [one = 0, two = 0] = first.map((packet) => ("packetId" in packet ? packet.packetId : 0));
    // PUBREC gives no place back, PUBCOMP does, and so does a PUBREC that refuses.
    answer(subscriber, "pubrec", one);
    expect(subscriber.take().map(({ type }) => type)).toEqual(["pubrel"]);
    answer(subscriber, "pubcomp", one);
    expect(subscriber.takePayloads()).toEqual(["3"]);
    answer(subscriber, "pubrec", two, 0x80);
    expect(subscriber.takePayloads()).toEqual(["4"]);
  });

  test("holds for a kept session as well, PUBREC included", async () => {
    const server = await startServer();
    const publisher = await publisherOf(server);
    const subscriber = await connected(server, {
      ...kept,
      properties: { sessionExpiryInterval: 60, receiveMaximum: 1 },
    });
    await subscriber.subscribe("a", 2);
    for (const payload of ["1", "2", "3"]) await publish(publisher, "a", payload, 2);
    for (const payload of ["1", "2", "3"]) {
      const [message, ...more] = subscriber.takeMessages();
      expect([Buffer.from(message?.payload ?? []).toString(), more]).toEqual([payload, []]);
      const packetId = message?.packetId ?? 0;
      answer(subscriber, "pubrec", packetId);
      expect(subscriber.take().map(({ type }) => type)).toEqual(["pubrel"]);
      answer(subscriber, "pubcomp", packetId);
    }
  });

  test("is closed while the peer does not read, and opens again", async () => {
    const server = await startServer();
    const publisher = await publisherOf(server);
    const subscriber = await connected(server, kept);
    await subscriber.subscribe("a", 1);
    subscriber.transport.bufferedBytes = 10_000_000;
    for (const payload of ["1", "2", "3"]) await publish(publisher, "a", payload);
    expect(subscriber.takePayloads()).toEqual(["1"]);

    subscriber.transport.bufferedBytes = 0;
    subscriber.connection.drained();

    expect(subscriber.takePayloads()).toEqual(["2", "3"]);
  });

  test("does not hold QoS 0 back for a slow peer: it is dropped and counted", async () => {
    const server = await startServer();
    const publisher = await publisherOf(server);
    const subscriber = await connected(server);
    await subscriber.subscribe("a");
    subscriber.transport.bufferedBytes = 10_000_000;
    await publish(publisher, "a", "1", 0);

    expect(subscriber.takePayloads()).toEqual([]);
    expect(server.broker.drops.of("slow-subscriber")).toBe(1);
  });

  test("hears a slow peer whose messages of QoS 0 have heaped up as far as they may", async () => {
    const server = await startServer();
    const subscriber = await connected(server);
    await subscriber.subscribe("a");
    subscriber.transport.bufferedBytes = 5_000_000;
    subscriber.send({ type: "pingreq" });

    expect([subscriber.take(), subscriber.transport.isPaused]).toEqual([[{ type: "pingresp" }], false]);
  });

  test("hears a peer no longer that leaves its answers unread, until it has read some of them", async () => {
    const server = await startServer();
    const client = await connected(server);
    const { transport, connection } = client;
    transport.bufferedBytes = 30_000_000;
    client.send({ type: "pingreq" });
    expect(transport.isPaused).toBe(true);
    transport.bufferedBytes = 5_000_000;
    connection.tick(server.broker.clock.now());

    expect(transport.isPaused).toBe(false);
  });

  test("lets no more wait for a clean session than is allowed; the oldest goes", async () => {
    const server = await startServer({ maxQueuedMessages: 2 });
    const publisher = await publisherOf(server);
    const subscriber = await connected(server, { properties: { receiveMaximum: 1 } });
    await subscriber.subscribe("a", 1);
    for (const payload of ["1", "2", "3", "4"]) await publish(publisher, "a", payload);
    const [first] = subscriber.takeMessages();
    answer(subscriber, "puback", first?.packetId ?? 0);

    expect(subscriber.takePayloads()).toEqual(["3"]);
    expect(server.broker.drops.of("overflow")).toBe(1);
  });
});

describe("a connection that breaks", () => {
  test.each([5, 4] as const)(
    "leaves its messages to the next, under their identifiers, in order, with DUP [MQTT-3.3.1-1] [MQTT-4.4.0-1] [MQTT-4.6.0-1], MQTT 3.1.1 [MQTT-3.3.1-1] [MQTT-4.4.0-1] [MQTT-4.6.0-1] [MQTT-2.3.1-3] (level %i)",
    async (version) => {
      const server = await startServer();
      const publisher = await publisherOf(server);
      const options = version === 5 ? kept : kept4;
      const first = await connected(server, options, version);
      await first.subscribe("a", 2);
      for (const [index, payload] of ["1", "2", "3", "4"].entries()) {
        await publish(publisher, "a", payload, index % 2 === 0 ? 1 : 2);
      }
      const before = first.takeMessages();
      // The second is received, but not complete; the third is complete.
      answer(first, "pubrec", before[1]?.packetId ?? 0);
      answer(first, "puback", before[2]?.packetId ?? 0);
      first.drop();
      await publish(publisher, "a", "5");

      const again = await connected(server, options, version);
      const after = again
        .take()
        .map((packet) =>
          packet.type === "publish"
            ? [packet.packetId, packet.dup, Buffer.from(packet.payload).toString()]
            : [("packetId" in packet && packet.packetId) || 0, packet.type],
        );

      expect(after).toEqual([
        [before[0]?.packetId, true, "1"],
        [before[1]?.packetId, "pubrel"],
        [before[3]?.packetId, true, "4"],
        [expect.any(Number), false, "5"],
      ]);
    },
  );

  test("is resumed within a smaller window, and what is released needs none", async () => {
    const server = await startServer();
    const publisher = await publisherOf(server);
    const first = await connected(server, kept);
    await first.subscribe("a", 1);
    for (const payload of ["1", "2", "3"]) await publish(publisher, "a", payload);
    first.drop();

    const again = await connected(server, {
      ...kept,
      properties: { sessionExpiryInterval: 60, receiveMaximum: 1 },
    });
    await publish(publisher, "a", "4");
    const got: unknown[] = [];
    for (let [message] = again.takeMessages(); message !== undefined; [message] = again.takeMessages()) {
      got.push([Buffer.from(message.payload).toString(), message.dup]);
      answer(again, "puback", message.packetId);
    }

    expect(got).toEqual([
      ["1", true],
      ["2", true],
      ["3", true],
      ["4", false],
    ]);
  });

  test("at any point of the QoS 2 flow loses and doubles nothing", async () => {
    for (const point of ["before-pubrec", "after-pubrec", "after-pubrel", "after-pubcomp"] as const) {
      const server = await startServer();
      const publisher = await publisherOf(server);
      const first = await connected(server, kept);
      await first.subscribe("a", 2);
      await publish(publisher, "a", "once", 2);
      const packetId = first.takeMessage()?.packetId ?? 0;
      if (point !== "before-pubrec") answer(first, "pubrec", packetId);
      if (point === "after-pubcomp") answer(first, "pubcomp", packetId);
      first.drop();

      const again = await connected(server, kept);
      const resumed = again.take();
      const want = {
        "before-pubrec": ["publish"],
        "after-pubcomp": [],
        "after-pubrec": ["pubrel"],
        "after-pubrel": ["pubrel"],
      };
      expect(resumed.map(({ type }) => type)).toEqual(want[point]);
      if (point === "before-pubrec") {
        answer(again, "pubrec", packetId);
        expect(again.take()).toMatchObject([{ type: "pubrel", packetId }]);
      }
      answer(again, "pubcomp", packetId);
      again.drop();
      expect((await connected(server, kept)).take()).toEqual([]);
    }
  });

  test("is resumed after a restart of the broker, with the identifiers of a clean end", async () => {
    const engine = new MemoryEngine();
    const server = await startServer({}, { engine });
    const publisher = await publisherOf(server);
    const first = await connected(server, kept);
    await first.subscribe("a", 2);
    for (const payload of ["1", "2", "3"]) await publish(publisher, "a", payload, 2);
    const before = first.takeMessages().map(({ packetId }) => packetId);
    answer(first, "pubrec", before[1] ?? 0);
    first.connection.shutdown("shutdown");
    await server.broker.close();

    const restarted = await startServer({}, { engine, clock: server.clock });
    const again = await connected(restarted, kept);
    const after = again.take().map((packet) => [packet.type, "packetId" in packet ? packet.packetId : 0]);

    expect(after).toEqual([
      ["pubrel", before[1]],
      ["publish", before[0]],
      ["publish", before[2]],
    ]);
    await publish(await publisherOf(restarted), "a", "4", 2);
    expect(again.takePayloads()).toEqual(["4"]);
  });

  test("together with the broker, without a goodbye, doubles no QoS 2 message", async () => {
    const engine = new MemoryEngine();
    const server = await startServer({}, { engine });
    const publisher = await publisherOf(server);
    const first = await connected(server, kept);
    await first.subscribe("a", 2);
    for (const payload of ["1", "2", "3"]) await publish(publisher, "a", payload, 2);
    const before = first.takeMessages().map(({ packetId }) => packetId);
    answer(first, "pubrec", before[1] ?? 0);
    answer(first, "pubrec", before[2] ?? 0);
    answer(first, "pubcomp", before[2] ?? 0);

    const restarted = await startServer({}, { engine, clock: server.clock });
    const again = await connected(restarted, kept);
    const after = again
      .take()
      .map((packet) => (packet.type === "publish" ? [packet.packetId, packet.dup] : [packet.type]));

    expect(after).toEqual([["pubrel"], [before[0], true]]);
    await publish(await publisherOf(restarted), "a", "4", 2);
    expect(again.takeMessages().some(({ packetId }) => before.slice(0, 2).includes(packetId))).toBe(false);
  });

  test("is not resumed by a message that the client refused [MQTT-4.4.0-2]", async () => {
    const server = await startServer();
    const publisher = await publisherOf(server);
    const first = await connected(server, kept);
    await first.subscribe("a", 2);
    await publish(publisher, "a", "1", 1);
    await publish(publisher, "a", "2", 2);
    const [one, two] = first.takeMessages();
    answer(first, "puback", one?.packetId ?? 0, 0x97);
    answer(first, "pubrec", two?.packetId ?? 0, 0x80);
    first.drop();

    expect((await connected(server, kept)).take()).toEqual([]);
    expect(server.broker.drops.of("rejected")).toBe(2);
  });
});

describe("a message that is too large for its client", () => {
  test("counts with a large body, which is sent from where it lies, whole", async () => {
    const server = await startServer();
    const publisher = await publisherOf(server);
    const payload = `<${"x".repeat(100_000)}>`;
    const wide = await connected(server, { clientId: "wide" });
    const narrow = await connected(server, {
      clientId: "narrow",
      properties: { maximumPacketSize: 100_000 },
    });
    for (const subscriber of [wide, narrow]) await subscriber.subscribe("a", 1);
    for (const qos of [0, 1] as const) await publish(publisher, "a", payload, qos);

    expect(wide.takePayloads()).toEqual([payload, payload]);
    expect(narrow.takePayloads()).toEqual([]);
    expect(server.broker.drops.of("too-large")).toBe(2);
  });

  test("is not sent, and done with [MQTT-3.1.2-24] [MQTT-3.1.2-25]", async () => {
    for (const expiry of [0, 60]) {
      const server = await startServer();
      const publisher = await publisherOf(server);
      const subscriber = await connected(server, {
        properties: { maximumPacketSize: 30, receiveMaximum: 1, sessionExpiryInterval: expiry },
      });
      await subscriber.subscribe("a", 1);
      for (const qos of [0, 1] as const) await publish(publisher, "a", "x".repeat(50), qos);
      await publish(publisher, "a", "fits");

      expect(subscriber.takePayloads()).toEqual(["fits"]);
      expect(server.broker.drops.of("too-large")).toBe(2);
    }
  });

  test("does not keep it from those who can take it", async () => {
    const server = await startServer();
    const publisher = await publisherOf(server);
    const small = await connected(server, { clientId: "small", properties: { maximumPacketSize: 30 } });
    const large = await connected(server, { clientId: "large" });
    for (const client of [small, large]) await client.subscribe("a");
    await publish(publisher, "a", "x".repeat(50), 0);
    await publish(publisher, "a", "y", 0);

    expect([small.takePayloads(), large.takePayloads()]).toEqual([["y"], ["x".repeat(50), "y"]]);
  });
});

describe("an alias that we set", () => {
  test("is within the client's maximum and stands for the topic from its second message on [MQTT-3.1.2-26] [MQTT-3.3.2-11]", async () => {
    const server = await startServer();
    const publisher = await publisherOf(server);
    const subscriber = await connected(server, { properties: { topicAliasMaximum: 2 } });
    await subscriber.subscribe("#", 1);
    const topics = ["topic/1", "topic/1", "topic/2", "topic/1", "topic/3", "topic/2", "topic/1"];
    for (const topic of topics) await publish(publisher, topic, topic);

    const known = new Map<number, string>();
    let spared = 0;
    for (const { topic, properties, payload } of subscriber.takeMessages()) {
      const { topicAlias = 0 } = decodeProperties(properties, "publish");
      expect(topicAlias === 1 || topicAlias === 2).toBe(true);
      if (topic === "") spared++;
      else known.set(topicAlias, topic);
      expect(known.get(topicAlias)).toBe(Buffer.from(payload).toString());
    }
    expect(spared).toBe(2);
  });

  test("is never sent to a client that allows none [MQTT-3.1.2-27], nor used again by its next connection [MQTT-3.3.2-7]", async () => {
    const server = await startServer();
    const publisher = await publisherOf(server);
    const properties = { topicAliasMaximum: 5, sessionExpiryInterval: 60 };
    const first = await connected(server, { ...kept, properties });
    await first.subscribe("topic/1", 1);
    await publish(publisher, "topic/1", "x");
    const aliased = first.takeMessage();
    first.drop();
    const again = await connected(server, kept);
    await publish(publisher, "topic/1", "y");

    expect(decodeProperties(aliased?.properties ?? Buffer.of(), "publish")).toEqual({ topicAlias: 1 });
    expect(again.takeMessages().map(({ topic, properties: bytes }) => [topic, bytes.length])).toEqual([
      ["topic/1", 0],
      ["topic/1", 0],
    ]);
  });

  test("is not taken for known when the packet that set it was too large", async () => {
    const server = await startServer();
    const publisher = await publisherOf(server);
    const subscriber = await connected(server, {
      properties: { topicAliasMaximum: 5, maximumPacketSize: 40 },
    });
    await subscriber.subscribe("topic/1");
    await publish(publisher, "topic/1", "x".repeat(60), 0);
    await publish(publisher, "topic/1", "y", 0);

    expect(subscriber.takeMessage()?.topic).toBe("topic/1");
  });
});

describe("message expiry", () => {
  test("counts down what waits and drops what has expired [MQTT-3.3.2-5] [MQTT-3.3.2-6]", async () => {
    const server = await startServer();
    const publisher = await publisherOf(server);
    const first = await connected(server, kept);
    await first.subscribe("a", 1);
    first.drop();
    for (const seconds of [10, 100]) {
      publisher.publish("a", String(seconds), {
        qos: 1,
        packetId: 1,
        properties: { messageExpiryInterval: seconds },
      });
    }
    server.clock.advance(10_500);

    const again = await connected(server, kept);
    const [message, ...more] = again.takeMessages();
    expect(more).toEqual([]);
    expect(decodeProperties(message?.properties ?? Buffer.of(), "publish")).toEqual({
      messageExpiryInterval: 90,
    });
    expect(server.broker.drops.of("expired")).toBe(1);
  });

  test("does not end a flow that has begun [MQTT-4.3.3-7] [MQTT-4.3.3-13]", async () => {
    const server = await startServer();
    const publisher = await publisherOf(server);
    const first = await connected(server, kept);
    await first.subscribe("a", 2);
    publisher.publish("a", "x", { qos: 2, packetId: 1, properties: { messageExpiryInterval: 1 } });
    const packetId = first.takeMessage()?.packetId;
    first.drop();
    server.clock.advance(60_000);

    const [resumed] = (await connected(server, kept)).takeMessages();

    expect([resumed?.packetId, resumed?.dup]).toEqual([packetId, true]);
    answer(publisher, "pubrel", 1);
    expect(publisher.take().map(({ type }) => type)).toEqual(["pubrec", "pubcomp"]);
  });
});
