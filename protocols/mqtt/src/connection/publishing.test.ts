import { type Authority, MemoryEngine, OPEN_AUTHORITY, TOPIC_SPACE } from "@dragoman/core";
import { describe, expect, test } from "vitest";
import { decodeProperties } from "../codec/properties.ts";
import { refusedConnects } from "../codec/refused-connect.vectors.ts";
import { refusedPublishes } from "../codec/refused-publish.vectors.ts";
import { refusedSubscribes } from "../codec/refused-subscribe.vectors.ts";
import type { TestClient } from "../testing/test-client.ts";
import { connected, startServer } from "../testing/test-server.ts";

/** A CONNECT would be the second one, and a CONNACK comes from a server: wrong already for that. */
const refusedOthers = refusedConnects.filter(([name]) => !/^CONN(ECT|ACK)/.test(name));

const types = (client: TestClient): string[] => client.take().map(({ type }) => type);

describe("a publish", () => {
  test("of QoS 0 is not answered, of QoS 1 with PUBACK, of QoS 2 with PUBREC, under its identifier [MQTT-3.3.4-1] [MQTT-2.2.1-5] [MQTT-4.3.2-4] [MQTT-4.3.3-8], MQTT 3.1.1 [MQTT-3.3.4-1] [MQTT-2.3.1-6]", async () => {
    for (const version of [3, 4, 5] as const) {
      const server = await startServer();
      const client = await connected(server, {}, version);
      await client.subscribe("#");
      client.publish("a", "");
      client.publish("a", "", { qos: 1, packetId: 500 });
      client.publish("a", "", { qos: 2, packetId: 65_535 });

      expect(client.take().filter(({ type }) => type !== "publish")).toEqual([
        { type: "puback", packetId: 500, reason: 0, properties: {} },
        { type: "pubrec", packetId: 65_535, reason: 0, properties: {} },
      ]);
    }
  });

  test("that nobody wants is acknowledged with 0x10 in MQTT 5.0 [MQTT-3.4.2-1] [MQTT-3.5.2-1]", async () => {
    const server = await startServer();
    const five = await connected(server, { clientId: "five" });
    const four = await connected(server, { clientId: "four" }, 4);
    for (const client of [five, four]) {
      client.publish("a", "", { qos: 1, packetId: 1 });
      client.publish("a", "", { qos: 2, packetId: 2 });
    }

    expect(five.take()).toMatchObject([
      { type: "puback", reason: 0x10 },
      { type: "pubrec", reason: 0x10 },
    ]);
    expect(four.take()).toMatchObject([
      { type: "puback", reason: 0 },
      { type: "pubrec", reason: 0 },
    ]);
  });

  test("of QoS 1 under an identifier that was acknowledged is a new message, DUP or not [MQTT-4.3.2-5]", async () => {
    const server = await startServer();
    const client = await connected(server);
    await client.subscribe("a", 0);
    client.publish("a", "1", { qos: 1, packetId: 1 });
    client.publish("a", "2", { qos: 1, packetId: 1, dup: true });

    expect(client.takePayloads()).toEqual(["1", "2"]);
  });

  test("of QoS 2 is delivered once, however often it is sent before its PUBREL [MQTT-4.3.3-10] [MQTT-4.3.3-11] [MQTT-4.3.3-12]", async () => {
    const server = await startServer();
    const subscriber = await connected(server, { clientId: "subscriber" });
    await subscriber.subscribe("a");
    const client = await connected(server);
    client.publish("a", "1", { qos: 2, packetId: 1 });
    client.publish("a", "1", { qos: 2, packetId: 1, dup: true });
    expect(types(client)).toEqual(["pubrec", "pubrec"]);
    client.send({ type: "pubrel", packetId: 1, reason: 0, properties: {} });
    client.publish("a", "2", { qos: 2, packetId: 1 });

    expect(types(client)).toEqual(["pubcomp", "pubrec"]);
    expect(subscriber.takePayloads()).toEqual(["1", "2"]);
  });

  test("of QoS 2 is remembered by a kept session, over connections and restarts [MQTT-4.3.3-10]", async () => {
    const engine = new MemoryEngine();
    const kept = { cleanStart: false, properties: { sessionExpiryInterval: 100 } };
    const first = await startServer({}, { engine });
    const client = await connected(first, kept);
    client.publish("a", "1", { qos: 2, packetId: 1 });
    client.drop();

    const again = await connected(first, kept);
    const subscriber = await connected(first, { clientId: "subscriber" });
    await subscriber.subscribe("a");
    again.publish("a", "1", { qos: 2, packetId: 1, dup: true });
    expect(types(again)).toEqual(["pubrec"]);
    expect(subscriber.takePayloads()).toEqual([]);
    again.publish("a", "2", { qos: 2, packetId: 2 });
    again.drop();

    const third = await connected(first, kept);
    third.publish("a", "2", { qos: 2, packetId: 2, dup: true });
    expect(subscriber.takePayloads()).toEqual(["2"]);
    third.drop();

    const restarted = await startServer({}, { engine, clock: first.clock });
    const late = await connected(restarted, kept);
    late.publish("a", "1", { qos: 2, packetId: 1, dup: true });
    late.send({ type: "pubrel", packetId: 1, reason: 0, properties: {} });
    expect(types(late)).toEqual(["pubrec", "pubcomp"]);
  });

  test("is released once: an unknown PUBREL is answered with 0x92, before MQTT 5.0 with PUBCOMP [MQTT-3.7.2-1]", async () => {
    const server = await startServer();
    const five = await connected(server, { clientId: "five" });
    const four = await connected(server, { clientId: "four" }, 4);
    for (const client of [five, four])
      client.send({ type: "pubrel", packetId: 9, reason: 0, properties: {} });

    expect(five.take()).toMatchObject([{ type: "pubcomp", packetId: 9, reason: 0x92 }]);
    expect(four.take()).toMatchObject([{ type: "pubcomp", packetId: 9, reason: 0 }]);
  });

  test("that is forbidden is answered with 0x87; QoS 0 is dropped; the connection lives [MQTT-3.4.2-1] [MQTT-4.3.3-9]", async () => {
    const server = await startServer({}, { authority: readOnly });
    const client = await connected(server);
    client.publish("a", "");
    client.publish("a", "", { qos: 1, packetId: 1 });
    client.publish("a", "", { qos: 2, packetId: 2 });
    client.publish("a", "", { qos: 2, packetId: 2 });

    expect(client.take()).toMatchObject([
      { type: "puback", packetId: 1, reason: 0x87 },
      { type: "pubrec", packetId: 2, reason: 0x87 },
      { type: "pubrec", packetId: 2, reason: 0x87 },
    ]);
    expect(client.isEnded).toBe(false);
    expect(server.broker.drops.of("not-authorized")).toBe(4);
  });

  test("that is forbidden ends the connection before MQTT 5.0, or is acknowledged by choice, MQTT 3.1.1 [MQTT-3.3.5-2] and [MQTT-3.3.5-2]", async () => {
    const strict = await connected(await startServer({}, { authority: readOnly }), {}, 4);
    strict.publish("a", "", { qos: 1, packetId: 1 });
    const lax = await connected(
      await startServer({ closesUnauthorized: false }, { authority: readOnly }),
      {},
      4,
    );
    lax.publish("a", "", { qos: 1, packetId: 1 });
    lax.publish("a", "", { qos: 2, packetId: 2 });
    lax.send({ type: "pubrel", packetId: 2, reason: 0, properties: {} });

    expect([strict.isEnded, types(strict)]).toEqual([true, []]);
    expect([lax.isEnded, types(lax)]).toEqual([false, ["puback", "pubrec", "pubcomp"]]);
  });

  test("explains a refusal only to who wants it and can take it [MQTT-3.1.2-29] [MQTT-3.4.2-2] [MQTT-3.4.2-3] [MQTT-3.5.2-2] [MQTT-3.5.2-3]", async () => {
    const server = await startServer({}, { authority: readOnly });
    const explained = async (properties: object): Promise<boolean[]> => {
      const client = await connected(server, { properties });
      client.publish("a", "", { qos: 1, packetId: 1 });
      client.publish("a", "", { qos: 2, packetId: 2 });
      return client
        .take()
        .map(
          (packet) =>
            "reason" in packet && packet.reason === 0x87 && packet.properties.reasonString !== undefined,
        );
    };

    expect(await explained({})).toEqual([true, true]);
    expect(await explained({ requestProblemInformation: 0 })).toEqual([false, false]);
    expect(await explained({ maximumPacketSize: 20 })).toEqual([false, false]);
  });

  test("to a queue that refuses is answered with 0x97, and the identifier is free [MQTT-4.3.3-9]", async () => {
    const server = await startServer();
    const { topology } = server.broker.virtualHost("/");
    const full = {
      durable: false,
      exclusive: false,
      autoDelete: false,
      maxLength: 0,
      overflow: "reject-publish",
    } as const;
    topology.declareQueue("full", full, undefined);
    const client = await connected(server);
    client.publish("$queue/full", "", { qos: 2, packetId: 1 });
    client.send({ type: "pubrel", packetId: 1, reason: 0, properties: {} });

    expect(client.take()).toMatchObject([
      { type: "pubrec", reason: 0x97 },
      { type: "pubcomp", reason: 0x92 },
    ]);
  });

  test.each([false, true])(
    "before MQTT 5.0 to a queue that refuses is not answered, or ends the connection: %s",
    async (closesOnOverflow) => {
      const server = await startServer({ closesOnOverflow });
      const { topology } = server.broker.virtualHost("/");
      const full = {
        durable: false,
        exclusive: false,
        autoDelete: false,
        maxLength: 0,
        overflow: "reject-publish",
      } as const;
      topology.declareQueue("full", full, undefined);
      const client = await connected(server, {}, 4);
      client.publish("$queue/full", "", { qos: 1, packetId: 1 });
      client.publish("$queue/full", "", { qos: 2, packetId: 2 });

      expect(client.take()).toEqual([]);
      expect(client.isEnded).toBe(closesOnOverflow);
    },
  );

  test("that comes behind one that ended the connection goes nowhere", async () => {
    const server = await startServer({ closesOnOverflow: true });
    const { topology } = server.broker.virtualHost("/");
    const one = { durable: false, exclusive: false, autoDelete: false, maxLength: 1 } as const;
    const queue = topology.declareQueue("one", { ...one, overflow: "reject-publish" }, undefined);
    const topics = server.broker.virtualHost("/").exchange(TOPIC_SPACE);
    topology.bind(topics, { kind: "queue", queue }, { key: "a" });
    const client = await connected(server, {}, 4);
    client.sendHex("32 05 00 01 61 00 01  32 05 00 01 61 00 02  32 05 00 01 61 00 03");

    expect(client.take()).toMatchObject([{ type: "puback", packetId: 1 }]);
    expect(client.isEnded).toBe(true);
    expect(server.broker.drops.all()).toEqual(new Map([["overflow", 1]]));
  });

  test("beyond the Receive Maximum ends the connection with 0x93 [MQTT-3.3.4-7] [MQTT-4.9.0-2]", async () => {
    const client = await connected(await startServer({ receiveMaximum: 2 }));
    client.publish("a", "", { qos: 2, packetId: 1 });
    client.publish("a", "", { qos: 2, packetId: 2 });
    client.publish("a", "", { qos: 2, packetId: 1, dup: true });
    client.send({ type: "pubrel", packetId: 1, reason: 0, properties: {} });
    client.publish("a", "", { qos: 2, packetId: 3 });
    expect(client.isEnded).toBe(false);
    client.take();

    client.publish("a", "", { qos: 1, packetId: 4 });

    expect(client.take()).toMatchObject([{ type: "disconnect", reason: 0x93 }]);
    expect(client.isEnded).toBe(true);
  });

  test("never stops other packets from being answered [MQTT-4.9.0-3] [MQTT-3.3.4-8]", async () => {
    const client = await connected(await startServer({ receiveMaximum: 1 }));
    client.publish("a", "", { qos: 2, packetId: 1 });
    client.take();

    client.send({ type: "pingreq" });
    const answer = await client.subscribe("a");

    expect(answer.map(({ type }) => type)).toEqual(["pingresp", "suback"]);
  });

  test("with a Subscription Identifier is a protocol error [MQTT-3.3.4-6]", async () => {
    const client = await connected(await startServer());
    client.publish("a", "", { properties: { subscriptionIdentifiers: [1] } });

    expect(client.take()).toMatchObject([{ type: "disconnect", reason: 0x82 }]);
  });

  test("to $SYS or somebody's reply address is forbidden", async () => {
    const client = await connected(await startServer());
    client.publish("$SYS/x", "", { qos: 1, packetId: 1 });
    client.publish("$reply/unknown", "", { qos: 1, packetId: 2 });

    expect(client.take()).toMatchObject([{ reason: 0x87 }, { reason: 0x87 }]);
  });
});

describe("a topic alias", () => {
  test("stands for its topic until it is set anew [MQTT-3.3.2-12]", async () => {
    const client = await connected(await startServer({ topicAliasMaximum: 2 }));
    await client.subscribe("#");
    client.publish("first", "1", { properties: { topicAlias: 2 } });
    client.publish("", "2", { properties: { topicAlias: 2 } });
    client.publish("second", "3", { properties: { topicAlias: 2 } });
    client.publish("", "4", { properties: { topicAlias: 2 } });

    const messages = client.takeMessages();
    expect(messages.map(({ topic }) => topic)).toEqual(["first", "first", "second", "second"]);
    expect(messages.map(({ properties }) => decodeProperties(properties, "publish"))).toEqual([
      {},
      {},
      {},
      {},
    ]);
  });

  test.each([
    ["of 0", 0, "a", 0x94, "[MQTT-3.3.2-8]"],
    ["above the maximum", 3, "a", 0x94, "[MQTT-3.3.2-9] [MQTT-3.2.2-17]"],
    ["that was not set", 1, "", 0x82, "§3.3.2.3.4"],
  ])(
    "%s ends the connection: alias %i, topic '%s', reason %i %s",
    async (_name, topicAlias, topic, reason) => {
      const client = await connected(await startServer({ topicAliasMaximum: 2 }));
      client.publish(topic, "", { properties: { topicAlias } });

      expect(client.take()).toMatchObject([{ type: "disconnect", reason }]);
      expect(client.isEnded).toBe(true);
    },
  );

  test("is refused when there may be none [MQTT-3.2.2-18]", async () => {
    const client = await connected(await startServer({ topicAliasMaximum: 0 }));
    client.publish("a", "", { properties: { topicAlias: 1 } });

    expect(client.take()).toMatchObject([{ type: "disconnect", reason: 0x94 }]);
  });

  test("ends with the connection [MQTT-3.3.2-7]", async () => {
    const server = await startServer();
    const kept = { cleanStart: false, properties: { sessionExpiryInterval: 100 } };
    const first = await connected(server, kept);
    first.publish("a", "", { properties: { topicAlias: 1 } });
    first.drop();
    const again = await connected(server, kept);
    again.publish("", "", { properties: { topicAlias: 1 } });

    expect(again.take()).toMatchObject([{ type: "disconnect", reason: 0x82 }]);
  });

  test("is missing together with the topic: a protocol error, §3.3.2.1", async () => {
    const client = await connected(await startServer());
    client.publish("", "x");

    expect(client.take()).toMatchObject([{ type: "disconnect", reason: 0x82 }]);
  });
});

describe("malformed packets", () => {
  test("end the connection with 0x81, before MQTT 5.0 without a word, and disturb nobody [MQTT-4.13.1-1], MQTT 3.1.1 [MQTT-4.8.0-1] [MQTT-1.5.3-1] [MQTT-2.2.2-2]", async () => {
    const server = await startServer();
    const other = await connected(server, { clientId: "other" });
    other.take();
    for (const version of [4, 5] as const) {
      for (const wire of [
        "60020001",
        "3603 0001 61",
        "d100",
        "3005 0003 612f23",
        "3004 0002 c0af",
        "c0ffffffff7f",
      ]) {
        const client = await connected(server, {}, version);
        client.take();

        client.sendHex(wire);

        expect(client.isEnded).toBe(true);
        expect(client.take()).toMatchObject(version === 5 ? [{ type: "disconnect", reason: 0x81 }] : []);
      }
    }
    other.send({ type: "pingreq" });
    expect(types(other)).toEqual(["pingresp"]);
  });

  test.each([...refusedPublishes, ...refusedSubscribes, ...refusedOthers])(
    "%s (MQTT level %i, %s) ends the connection: %s",
    async (_name, version, wire, code) => {
      const server = await startServer();
      const client = await connected(server, {}, version);
      client.take();

      client.sendHex(wire);

      // [MQTT-3.14.2-2]: the Session Expiry Interval is none of our properties.
      const properties = { reasonString: expect.any(String) };
      const reason = { malformed: 0x81, "protocol-violation": 0x82, "too-large": 0x95 }[code as "malformed"];
      expect(client.isEnded).toBe(true);
      expect(client.take()).toEqual(version === 5 ? [{ type: "disconnect", reason, properties }] : []);
      expect(server.broker.clients.size).toBe(0);
    },
  );

  test("from the wrong side are protocol errors, whatever is behind their first byte", async () => {
    const server = await startServer();
    for (const wire of ["20 03 000000", "20 03 ff0000", "90 04 00010000", "b0 00", "d0 00", "d0 01 00"]) {
      const client = await connected(server);
      client.sendHex(wire);
      expect(client.take()).toMatchObject([{ type: "disconnect", reason: 0x82 }]);
    }
  });

  test("nothing follows a DISCONNECT from us [MQTT-3.14.4-1] [MQTT-3.14.4-2] [MQTT-3.14.2-2] [MQTT-4.13.2-1]", async () => {
    const server = await startServer();
    const client = await connected(server);
    await client.subscribe("a");
    client.sendHex("0000");
    client.take();

    const other = await connected(server, { clientId: "other" });
    other.publish("a", "late");
    client.send({ type: "pingreq" });

    expect(client.take()).toEqual([]);
    expect(client.isEnded).toBe(true);
  });
});

const readOnly: Authority = { ...OPEN_AUTHORITY, allows: (_identity, action) => action === "subscribe" };
