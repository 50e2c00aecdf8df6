import { type Authority, MemoryEngine, OPEN_AUTHORITY } from "@dragoman/core";
import { describe, expect, test } from "vitest";
import type { Packet } from "../codec/packet.ts";
import { decodeProperties } from "../codec/properties.ts";
import { settle, type TestClient } from "../testing/test-client.ts";
import { connected, startServer } from "../testing/test-server.ts";

const ids = (client: TestClient): unknown[] =>
  client
    .takeMessages()
    .map(({ properties }) => decodeProperties(properties, "publish").subscriptionIdentifiers ?? []);

const inOrder = (a: string | false, b: string | false): number => (a < b ? -1 : 1);

const request = {
  qos: 0,
  noLocal: false,
  retainAsPublished: false,
  retainHandling: "always",
} as const;

describe("a SUBSCRIBE", () => {
  test("is answered with SUBACK under its identifier, a reason for each filter in order [MQTT-2.2.1-6] [MQTT-3.8.4-1] [MQTT-3.8.4-2] [MQTT-3.8.4-5] [MQTT-3.8.4-6] [MQTT-3.8.4-7] [MQTT-3.9.3-1] [MQTT-3.9.3-2], MQTT 3.1.1 [MQTT-2.3.1-7] [MQTT-3.8.4-1] [MQTT-3.8.4-2] [MQTT-3.8.4-4] [MQTT-3.8.4-5]", async () => {
    for (const version of [3, 4, 5] as const) {
      const server = await startServer({}, { authority: without("secret") });
      const client = await connected(server, {}, version);
      client.send({
        type: "subscribe",
        packetId: 1_234,
        properties: {},
        subscriptions: [
          { ...request, filter: "a", qos: 2 },
          { ...request, filter: "secret", qos: 1 },
          { ...request, filter: "b", qos: 0 },
          { ...request, filter: "c", qos: 1 },
        ],
      });
      await settle();

      const refused = version === 5 ? 0x87 : 0x80;
      expect(client.take()).toEqual([
        { type: "suback", packetId: 1_234, properties: {}, reasons: [2, refused, 0, 1] },
      ]);
    }
  });

  test("selects topics by their levels and never those with $ by a wildcard in front [MQTT-4.7.2-1] [MQTT-3.3.2-3] [MQTT-4.7.3-4], MQTT 3.1.1 [MQTT-4.7.2-1] [MQTT-3.3.2-3] [MQTT-3.8.3-2]", async () => {
    const server = await startServer();
    const cases: readonly (readonly [string, readonly string[], readonly string[]])[] = [
      ["#", ["a", "a/b", "/", "/a", "a.b"], ["$a", "$a/b"]],
      ["+", ["a", "a.b"], ["/a", "a/b", "$a"]],
      ["+/+", ["/a", "a/b", "/"], ["a", "$a/b"]],
      ["/+", ["/a", "/"], ["a", "a/b"]],
      ["a/#", ["a", "a/b", "a/b/c", "a/"], ["b", "A/b", "aa"]],
      ["a/+/c", ["a/b/c", "a//c"], ["a/c", "a/b/d"]],
      ["$a/#", ["$a", "$a/b"], ["a"]],
      ["$a/+", ["$a/b"], ["$a"]],
      ["a.b/c", ["a.b/c"], ["a/b/c", "a/b.c"]],
      ["é/ü", ["é/ü"], ["e/u"]],
      ["\u0065\u0301", ["\u0065\u0301"], ["\u00e9"]],
    ];
    const publisher = await connected(server, { clientId: "publisher" });
    for (const [filter, selected, others] of cases) {
      const client = await connected(server, { clientId: "subscriber" });
      await client.subscribe(filter);
      for (const topic of [...selected, ...others]) publisher.publish(topic, "");
      expect(client.takeMessages().map(({ topic }) => topic)).toEqual(selected);
    }
  });

  test("of a filter that is there replaces its options and loses nothing [MQTT-3.8.4-3] [MQTT-3.8.4-4], MQTT 3.1.1 [MQTT-3.8.4-3]", async () => {
    for (const sessionExpiryInterval of [0, 60]) {
      const server = await startServer();
      const client = await connected(server, { properties: { sessionExpiryInterval } });
      const publisher = await connected(server, { clientId: "publisher" });
      publisher.publish("a", "retained", { retain: true });
      await client.subscribe("a", 0, { id: 1 });
      publisher.publish("a", "1");
      expect(client.takePayloads()).toEqual(["1"]);

      const answer = await client.subscribe("a", 1, { id: 2 });
      publisher.publish("a", "2", { qos: 1, packetId: 1 });

      expect(answer.map(({ type }) => type)).toEqual(["suback", "publish"]);
      const [message, ...more] = client.takeMessages();
      expect([message?.qos, more]).toEqual([1, []]);
      expect(decodeProperties(message?.properties ?? Buffer.of(), "publish").subscriptionIdentifiers).toEqual(
        [2],
      );
    }
  });

  test("that overlaps another gives one copy, of the highest QoS, with all identifiers [MQTT-3.3.4-2] [MQTT-3.3.4-3] [MQTT-3.3.4-4], MQTT 3.1.1 [MQTT-3.3.5-1]", async () => {
    for (const sessionExpiryInterval of [0, 60]) {
      const server = await startServer();
      const client = await connected(server, { properties: { sessionExpiryInterval } });
      await client.subscribe("a/#", 0, { id: 7 });
      await client.subscribe("a/b", 2, { id: 300 });
      await client.subscribe("+/b", 1);
      const publisher = await connected(server, { clientId: "publisher" });
      publisher.publish("a/b", "x", { qos: 2, packetId: 1 });
      publisher.publish("a/c", "x", { qos: 2, packetId: 2 });

      const [both, one, ...more] = client.takeMessages();
      expect([both?.qos, one?.qos, more]).toEqual([2, 0, []]);
      const idsOf = (message = both): number[] => [
        ...(decodeProperties(message?.properties ?? Buffer.of(), "publish").subscriptionIdentifiers ?? []),
      ];
      expect([idsOf().toSorted((x, y) => x - y), idsOf(one)]).toEqual([[7, 300], [7]]);
    }
  });

  test("with no local does not bring back one's own messages, retained ones included [MQTT-3.8.3-3]", async () => {
    for (const sessionExpiryInterval of [0, 60]) {
      const server = await startServer();
      const client = await connected(server, { properties: { sessionExpiryInterval } });
      client.publish("a", "own", { retain: true });
      expect((await client.subscribe("a", 1, { noLocal: true })).length).toBe(1);
      client.publish("a", "own");
      const other = await connected(server, { clientId: "other" });
      other.publish("a", "other");

      expect(client.takePayloads()).toEqual(["other"]);
    }
  });

  test("to what is switched off is refused [MQTT-4.13.1-1]", async () => {
    const server = await startServer({
      wildcardSubscriptionAvailable: false,
      subscriptionIdentifierAvailable: false,
      sharedSubscriptionAvailable: false,
    });
    const reasons: unknown[] = [];
    for (const [filter, options] of [
      ["a/+", {}],
      ["a", { id: 1 }],
      ["$share/g/a", {}],
    ] as const) {
      const client = await connected(server);
      const [answer] = await client.subscribe(filter, 0, options);
      reasons.push(answer?.type === "disconnect" && answer.reason);
    }

    expect(reasons).toEqual([0xa2, 0xa1, 0x9e]);
  });

  test("to an address that can only be published to is refused with 0x8f", async () => {
    const client = await connected(await startServer());
    expect(await client.subscribe("$exchange/amq.direct/x")).toMatchObject([
      { type: "suback", reasons: [0x8f] },
    ]);
  });
});

describe("an UNSUBSCRIBE", () => {
  test("is answered for each filter in order, whether it was there or not [MQTT-3.10.4-1] [MQTT-3.10.4-4] [MQTT-3.10.4-5] [MQTT-3.10.4-6] [MQTT-3.11.3-1] [MQTT-3.11.3-2] [MQTT-2.2.1-6], MQTT 3.1.1 [MQTT-3.10.4-1] [MQTT-3.10.4-2] [MQTT-3.10.4-3] [MQTT-3.10.4-4] [MQTT-2.3.1-7]", async () => {
    for (const version of [4, 5] as const) {
      const client = await connected(await startServer(), {}, version);
      await client.subscribe("a/+");
      client.send({ type: "unsubscribe", packetId: 99, properties: {}, filters: ["a/b", "a/+", "a/+"] });
      await settle();

      const reasons = version === 5 ? [0x11, 0x00, 0x11] : [];
      expect(client.take()).toEqual([{ type: "unsuback", packetId: 99, properties: {}, reasons }]);
    }
  });

  test("stops new messages, and lets those finish that have begun [MQTT-3.10.4-2] [MQTT-3.10.4-3], MQTT 3.1.1 [MQTT-3.10.4-5]", async () => {
    for (const sessionExpiryInterval of [0, 60]) {
      const server = await startServer();
      const client = await connected(server, { properties: { sessionExpiryInterval } });
      await client.subscribe("a", 2);
      const publisher = await connected(server, { clientId: "publisher" });
      publisher.publish("a", "1", { qos: 2, packetId: 1 });
      const packetId = client.takeMessage()?.packetId ?? 0;
      client.send({ type: "unsubscribe", packetId: 9, properties: {}, filters: ["a"] });
      await settle();
      publisher.publish("a", "2", { qos: 2, packetId: 2 });
      client.send({ type: "pubrec", packetId, reason: 0, properties: {} });
      client.send({ type: "pubcomp", packetId, reason: 0, properties: {} });

      expect(client.take().map(({ type }) => type)).toEqual(["unsuback", "pubrel"]);
    }
  });
});

describe("a retained message", () => {
  test("is the last of its topic and comes with a new subscription, RETAIN set [MQTT-3.3.1-5] [MQTT-3.3.1-8] [MQTT-3.3.1-9], MQTT 3.1.1 [MQTT-3.3.1-5] [MQTT-3.3.1-6] [MQTT-3.3.1-7] [MQTT-3.3.1-8] [MQTT-3.3.1-12]", async () => {
    for (const version of [4, 5] as const) {
      for (const clean of [true, false]) {
        const server = await startServer();
        const publisher = await connected(server, { clientId: "publisher" }, version);
        publisher.publish("a/b", "old", { retain: true, qos: 1, packetId: 1 });
        publisher.publish("a/b", "last", { retain: true });
        publisher.publish("a/b", "live");
        publisher.publish("a/c", "other", { retain: true, qos: 1, packetId: 2 });
        const client = await connected(server, { cleanStart: clean }, version);
        const [, ...messages] = await client.subscribe("a/+", 1);

        expect(
          messages
            .map((packet) => packet.type === "publish" && `${packet.topic} ${packet.retain} ${packet.qos}`)
            .toSorted(inOrder),
        ).toEqual(["a/b true 0", "a/c true 1"]);
      }
    }
  });

  test("without a payload clears the topic and is not kept, but delivered [MQTT-3.3.1-6] [MQTT-3.3.1-7], MQTT 3.1.1 [MQTT-3.3.1-10] [MQTT-3.3.1-11]", async () => {
    const server = await startServer();
    const publisher = await connected(server, { clientId: "publisher" });
    const live = await connected(server, { clientId: "live" });
    await live.subscribe("a");
    publisher.publish("a", "x", { retain: true });
    publisher.publish("a", "", { retain: true });

    expect(live.takePayloads()).toEqual(["x", ""]);
    expect(await live.subscribe("a")).toHaveLength(1);
    expect(server.broker.virtualHost("/").retained.count).toBe(0);
  });

  test("that was replaced while it waited for the client's window does not follow the one that replaced it", async () => {
    const server = await startServer();
    const publisher = await connected(server, { clientId: "publisher" });
    publisher.publish("a", "old", { retain: true, qos: 1, packetId: 1 });
    const client = await connected(server, { properties: { receiveMaximum: 1 } });
    await client.subscribe("b", 1);
    publisher.publish("b", "first", { qos: 1, packetId: 1 });
    const { packetId = 0 } = client.takeMessage() ?? {};
    await client.subscribe("a", 1);
    publisher.publish("a", "new", { retain: true });
    client.send({ type: "puback", packetId, reason: 0, properties: {} });

    expect(client.takePayloads()).toEqual(["new"]);
  });

  test("comes as Retain Handling says [MQTT-3.3.1-9] [MQTT-3.3.1-10] [MQTT-3.3.1-11] [MQTT-3.8.4-4]", async () => {
    const server = await startServer();
    (await connected(server, { clientId: "publisher" })).publish("a", "x", { retain: true });
    const client = await connected(server);
    const counts: number[] = [];
    for (const retainHandling of ["never", "if-new", "always", "if-new"] as const) {
      counts.push((await client.subscribe("a", 0, { retainHandling })).length - 1);
    }
    client.send({ type: "unsubscribe", packetId: 1, properties: {}, filters: ["a"] });
    await settle();
    client.take();
    counts.push((await client.subscribe("a", 0, { retainHandling: "if-new" })).length - 1);

    expect(counts).toEqual([0, 0, 1, 0, 1]);
  });

  test("is marked live as it was published only where that is asked for [MQTT-3.3.1-12] [MQTT-3.3.1-13], MQTT 3.1.1 [MQTT-3.3.1-9]", async () => {
    for (const sessionExpiryInterval of [0, 60]) {
      const server = await startServer();
      const plain = await connected(server, { clientId: "plain", properties: { sessionExpiryInterval } });
      await plain.subscribe("a");
      const faithful = await connected(server, {
        clientId: "faithful",
        properties: { sessionExpiryInterval },
      });
      await faithful.subscribe("a", 0, { retainAsPublished: true });
      const publisher = await connected(server, { clientId: "publisher" });
      publisher.publish("a", "x", { retain: true });
      publisher.publish("a", "x");

      expect(plain.takeMessages().map(({ retain }) => retain)).toEqual([false, false]);
      expect(faithful.takeMessages().map(({ retain }) => retain)).toEqual([true, false]);
    }
  });

  test("survives its publisher's session, MQTT 3.1.1 [MQTT-3.1.2-7], and dies when it expires", async () => {
    const server = await startServer();
    const publisher = await connected(server, { clientId: "publisher" });
    publisher.publish("a", "long", { retain: true });
    publisher.publish("b", "short", { retain: true, properties: { messageExpiryInterval: 5 } });
    publisher.send({ type: "disconnect", reason: 0, properties: {} });
    server.clock.advance(5_001);
    const client = await connected(server);

    const [, ...messages] = await client.subscribe("#");

    expect(messages.map((packet) => packet.type === "publish" && packet.topic)).toEqual(["a"]);
  });

  test("comes in any number, as fast as the client takes it, and never older than what is live", async () => {
    const server = await startServer();
    const publisher = await connected(server, { clientId: "publisher" });
    for (let topic = 0; topic < 100; topic++) {
      publisher.publish(`r/${topic}`, "old", { retain: true, qos: 1, packetId: 1 });
    }
    const client = await connected(server, { properties: { receiveMaximum: 10 } });
    const [, ...first] = await client.subscribe("r/#", 1);
    const sent = first.map((packet) => packet.type === "publish" && packet.topic);
    const late =
      Array.from({ length: 100 }, (_item, n) => `r/${n}`).find((topic) => !sent.includes(topic)) ?? "";
    publisher.publish(late, "new", { retain: true, qos: 1, packetId: 1 });
    const got = new Map<string, string[]>();
    client.send({ type: "pingreq" });
    for (let packetId = 1; packetId <= 200; packetId++) {
      client.send({ type: "puback", packetId, reason: 0, properties: {} });
      for (const { topic, payload } of client.takeMessages()) {
        got.set(topic, [...(got.get(topic) ?? []), Buffer.from(payload).toString()]);
      }
    }

    expect([sent.length, got.size]).toEqual([10, 90]);
    expect(got.get(late)).toEqual(["new"]);
  });
});

describe("a shared subscription", () => {
  test("gives each message to one member of its group, in turn, and to each group [MQTT-4.8.2-1] [MQTT-4.8.2-2]", async () => {
    const server = await startServer();
    const members = await Promise.all(
      ["a", "b", "c"].map(async (name) => connected(server, { clientId: name })),
    );
    for (const member of members) await member.subscribe("$share/g/t/+", 1);
    const other = await connected(server, { clientId: "other" });
    await other.subscribe("$share/h/t/#", 1);
    const publisher = await connected(server, { clientId: "publisher" });
    for (let count = 0; count < 30; count++) publisher.publish("t/1", String(count), { qos: 1, packetId: 1 });
    await settle();

    const shares = members.map((member) => member.takePayloads());
    expect(shares.map((share) => share.length)).toEqual([10, 10, 10]);
    expect(shares.flat().toSorted((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: 30 }, (_item, index) => String(index)),
    );
    expect(other.takePayloads()).toHaveLength(30);
  });

  test("passes over a member whose window is full, and respects each member's QoS [MQTT-4.8.2-3]", async () => {
    const server = await startServer();
    const narrow = await connected(server, { clientId: "narrow", properties: { receiveMaximum: 1 } });
    await narrow.subscribe("$share/g/t", 2);
    const zero = await connected(server, { clientId: "zero" });
    await zero.subscribe("$share/g/t", 0);
    const publisher = await connected(server, { clientId: "publisher" });
    for (let count = 0; count < 10; count++) publisher.publish("t", String(count), { qos: 1, packetId: 1 });

    expect(narrow.takeMessages().map(({ qos }) => qos)).toEqual([1]);
    expect(zero.takeMessages().map(({ qos }) => qos)).toEqual(Array.from({ length: 9 }, () => 0));
  });

  test("loses nothing when a member leaves with unacknowledged messages", async () => {
    for (const sessionExpiryInterval of [0, 60]) {
      const server = await startServer();
      const leaver = await connected(server, { clientId: "leaver", properties: { sessionExpiryInterval } });
      await leaver.subscribe("$share/g/t", 1);
      const stayer = await connected(server, { clientId: "stayer" });
      await stayer.subscribe("$share/g/t", 1);
      const publisher = await connected(server, { clientId: "publisher" });
      for (let count = 0; count < 6; count++) publisher.publish("t", String(count), { qos: 1, packetId: 1 });
      leaver.drop();
      await settle();

      expect(stayer.takePayloads().toSorted((a, b) => Number(a) - Number(b))).toEqual([
        "0",
        "1",
        "2",
        "3",
        "4",
        "5",
      ]);
    }
  });

  test("completes a QoS 2 delivery with the member that has it [MQTT-4.8.2-4]", async () => {
    const server = await startServer();
    const kept = { clientId: "kept", cleanStart: false, properties: { sessionExpiryInterval: 60 } };
    const first = await connected(server, kept);
    await first.subscribe("$share/g/t", 2);
    const publisher = await connected(server, { clientId: "publisher" });
    publisher.publish("t", "x", { qos: 2, packetId: 1 });
    const packetId = first.takeMessage()?.packetId;
    const other = await connected(server, { clientId: "other" });
    await other.subscribe("$share/g/t", 2);
    first.drop();

    expect(other.take()).toEqual([]);
    expect((await connected(server, kept)).take()).toMatchObject([{ type: "publish", packetId, dup: true }]);
  });

  test("gives the message to another member when the session that has it ends", async () => {
    const server = await startServer();
    const first = await connected(server, { clientId: "kept", properties: { sessionExpiryInterval: 60 } });
    await first.subscribe("$share/g/t", 2);
    const publisher = await connected(server, { clientId: "publisher" });
    publisher.publish("t", "x", { qos: 2, packetId: 1 });
    const other = await connected(server, { clientId: "other" });
    await other.subscribe("$share/g/t", 2);
    first.drop();
    server.clock.advance(60_001);

    expect(other.takePayloads()).toEqual(["x"]);
  });

  test("does not send a refused message to anybody else [MQTT-4.8.2-6]", async () => {
    const server = await startServer();
    const members = [await connected(server, { clientId: "a" }), await connected(server, { clientId: "b" })];
    for (const member of members) await member.subscribe("$share/g/t", 1);
    const publisher = await connected(server, { clientId: "publisher" });
    publisher.publish("t", "x", { qos: 1, packetId: 1 });
    for (const member of members) {
      for (const { packetId } of member.takeMessages()) {
        member.send({ type: "puback", packetId, reason: 0x80, properties: {} });
      }
    }

    expect(members.flatMap((member) => member.take())).toEqual([]);
  });

  test("keeps messages for members that are away, and ends with the last one", async () => {
    const server = await startServer();
    const { topology } = server.broker.virtualHost("/");
    const kept = { clientId: "kept", cleanStart: false, properties: { sessionExpiryInterval: 60 } };
    const member = await connected(server, kept);
    await member.subscribe("$share/g/t", 1);
    member.drop();
    (await connected(server, { clientId: "publisher" })).publish("t", "x", { qos: 1, packetId: 1 });
    const again = await connected(server, kept);
    expect(again.takePayloads()).toEqual(["x"]);
    expect(topology.queues.has("share.g.t")).toBe(true);
    again.drop();
    server.clock.advance(60_001);

    expect(topology.queues.has("share.g.t")).toBe(false);
  });

  test("ends with its last session also when that never came back after a restart", async () => {
    const engine = new MemoryEngine();
    const first = await startServer({}, { engine });
    const member = await connected(first, { clientId: "kept", properties: { sessionExpiryInterval: 60 } });
    await member.subscribe("$share/g/t", 1);
    member.drop();
    await first.broker.close();
    const second = await startServer({}, { engine, clock: first.clock });
    const { topology } = second.broker.virtualHost("/");
    await connected(second, { clientId: "somebody" });
    expect(topology.queues.has("share.g.t")).toBe(true);
    second.clock.advance(60_001);

    expect(topology.queues.has("share.g.t")).toBe(false);
  });

  test("is a queue that other consumers can join, and has no retained messages", async () => {
    const server = await startServer();
    const publisher = await connected(server, { clientId: "publisher" });
    publisher.publish("t", "retained", { retain: true });
    const client = await connected(server);
    expect(await client.subscribe("$share/g/t", 1)).toHaveLength(1);
    const joined = await connected(server, { clientId: "joined" });
    expect(await joined.subscribe("$queue/share.g.t", 1)).toMatchObject([{ reasons: [1] }]);
    for (const payload of ["1", "2"]) publisher.publish("t", payload, { qos: 1, packetId: 1 });

    expect([client.takePayloads(), joined.takePayloads()]).toEqual([["1"], ["2"]]);
    client.send({ type: "unsubscribe", packetId: 1, properties: {}, filters: ["$share/g/t"] });
    await settle();
    publisher.publish("t", "3", { qos: 1, packetId: 1 });
    expect(joined.takePayloads()).toEqual(["3"]);
  });
});

describe("an exclusive subscription", () => {
  test("has one subscriber at a time, and another when that one is gone", async () => {
    const server = await startServer();
    const first = await connected(server, { clientId: "first" });
    const second = await connected(server, { clientId: "second" });
    expect(await first.subscribe("$exclusive/t/+", 1)).toMatchObject([{ reasons: [1] }]);
    expect(await second.subscribe("$exclusive/t/+", 1)).toMatchObject([{ reasons: [0x87] }]);
    second.publish("t/1", "x");
    expect([first.takePayloads(), second.takePayloads()]).toEqual([["x"], []]);
    first.drop();

    expect(await second.subscribe("$exclusive/t/+", 1)).toMatchObject([{ reasons: [1] }]);
  });
});

describe("a stream by its name", () => {
  test("is read from an offset, by everybody", async () => {
    const server = await startServer();
    const { topology } = server.broker.virtualHost("/");
    const options = { kind: "stream", durable: true, exclusive: false, autoDelete: false } as const;
    topology.declareQueue("log", options, undefined);
    const publisher = await connected(server, { clientId: "publisher" });
    for (const payload of ["0", "1", "2"]) publisher.publish("$queue/log", payload, { qos: 1, packetId: 1 });
    const got: unknown[] = [];
    for (const offset of ["first", "1", "last", "next"]) {
      const client = await connected(server, { clientId: offset });
      await client.subscribe(`$stream/${offset}/log`, 1).then((packets) => got.push(payloadsOf(packets)));
      await settle();
      got.push(client.takePayloads());
    }
    const flat = got.map(String).filter((text) => text !== "");
    expect(flat).toEqual(["0,1,2", "1,2", "2"]);
    expect(await publisher.subscribe("$stream/x/log")).toMatchObject([
      { type: "puback" },
      { type: "puback" },
      { type: "puback" },
      { reasons: [0x8f] },
    ]);
  });
});

function payloadsOf(packets: readonly Packet[]): string[] {
  return packets.flatMap((packet) =>
    packet.type === "publish" ? [Buffer.from(packet.payload).toString()] : [],
  );
}

describe("a queue by its name", () => {
  const options = { durable: false, exclusive: false, autoDelete: false } as const;

  test("takes what is published to it and gives each message to one subscriber", async () => {
    const server = await startServer();
    const { topology } = server.broker.virtualHost("/");
    topology.declareQueue("jobs/eu.1", options, undefined);
    const client = await connected(server);
    client.publish("$queue/jobs/eu.1", "first", { qos: 1, packetId: 1 });
    client.take();
    const [, message] = await client.subscribe("$queue/jobs/eu.1", 1);

    expect(message).toMatchObject({ type: "publish", topic: "$queue/jobs/eu.1" });
    client.publish("$queue/none", "", { qos: 1, packetId: 2 });
    expect(client.take()).toMatchObject([{ type: "puback", reason: 0x10 }]);
  });

  test("ends the connection that takes from it when it is deleted", async () => {
    const server = await startServer();
    const { topology } = server.broker.virtualHost("/");
    const queue = topology.declareQueue("jobs", options, undefined);
    const client = await connected(server);
    await client.subscribe("$queue/jobs", 1);
    topology.deleteQueue(queue);

    expect(client.take()).toMatchObject([{ type: "disconnect", reason: 0x98 }]);
  });

  test("that does not exist is a group without a name", async () => {
    const server = await startServer();
    const members = [await connected(server, { clientId: "a" }), await connected(server, { clientId: "b" })];
    for (const member of members) await member.subscribe("$queue/t/#", 1);
    const publisher = await connected(server, { clientId: "publisher" });
    for (const payload of ["1", "2"]) publisher.publish("t/x", payload, { qos: 1, packetId: 1 });

    expect(members.map((member) => member.takePayloads())).toEqual([["1"], ["2"]]);
  });

  test("and an exchange can be published to by their names", async () => {
    const server = await startServer();
    const { topology } = server.broker.virtualHost("/");
    const queue = topology.declareQueue("jobs", options, undefined);
    topology.bind(
      server.broker.virtualHost("/").exchange("amq.direct"),
      { kind: "queue", queue },
      { key: "a.b" },
    );
    const client = await connected(server);
    client.publish("$exchange/amq.direct/a.b", "x", { qos: 1, packetId: 1 });
    client.publish("$exchange/none/a.b", "x", { qos: 1, packetId: 2 });
    client.publish("$exchange/none", "x", { qos: 1, packetId: 3 });
    client.publish("$queue/", "x", { qos: 1, packetId: 4 });

    expect(client.take()).toMatchObject([
      { reason: 0 },
      { reason: 0x90 },
      { reason: 0x90 },
      { reason: 0x90 },
    ]);
    expect(queue.messageCount).toBe(1);
    const [, message] = await client.subscribe("$queue/jobs", 0);
    expect(message).toMatchObject({ topic: "$exchange/amq.direct/a.b" });
  });
});

function without(topic: string): Authority {
  return { ...OPEN_AUTHORITY, allows: (_identity, _action, { name }) => name !== topic };
}

test("identifiers are absent where none was given", async () => {
  const server = await startServer();
  const client = await connected(server);
  await client.subscribe("a");
  (await connected(server, { clientId: "publisher" })).publish("a", "x");

  expect(ids(client)).toEqual([[]]);
});
