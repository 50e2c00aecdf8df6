import { TOPIC_SPACE } from "@dragoman/core";
import { connectTestClient, makeTestMessage } from "@dragoman/core/testing";
import { expect, test } from "vitest";
import type { ProtocolVersion } from "../codec/protocol-version.ts";
import type { TestClient } from "../testing/test-client.ts";
import { connected, startServer } from "../testing/test-server.ts";

const json = { mqtt3Envelope: "json" } as const;

test.each([3, 4] as const)(
  "a client of level %i gets and sends envelopes, by each QoS and in its will",
  async (version) => {
    const server = await startServer(json);
    const client = (clientId: string, level: ProtocolVersion = 5): Promise<TestClient> =>
      connected(server, { clientId }, level);
    const [five, old] = [await client("five"), await client("old", version)];
    for (const each of [five, old]) await each.subscribe("a", 2);
    const envelope = JSON.stringify({ contentType: "t/p", payload: "x" });

    for (const qos of [0, 1, 2] as const) {
      five.publish("a", "x", { qos, packetId: qos === 0 ? 0 : 9, properties: { contentType: "t/p" } });
    }
    const fromFive = old.takePayloads();
    five.take();
    old.publish("a", envelope, { qos: 1, packetId: 9 });
    const will = {
      topic: "a",
      qos: 0,
      retain: false,
      properties: {},
      payload: Buffer.from(envelope),
    } as const;
    const leaver = await connected(server, { clientId: "leaver", will }, version);
    leaver.drop();

    expect(fromFive).toEqual([envelope, envelope, envelope]);
    expect(old.takePayloads()).toEqual([envelope, envelope]);
    expect(five.takePayloads()).toEqual(["x", "x"]);
  },
);

test("an envelope without a payload in it takes a retained message back, and nobody else's payload is opened", async () => {
  const server = await startServer(json);
  const old = await connected(server, { clientId: "old" }, 4);
  old.publish("a", '{"payload":"x"}', { retain: true });
  expect(server.broker.virtualHost("/").retained.count).toBe(1);
  old.publish("a", '{"payload":""}', { retain: true });
  expect(server.broker.virtualHost("/").retained.count).toBe(0);

  const five = await connected(server, { clientId: "five" });
  await five.subscribe("b");
  five.publish("b", '{"payload":"x"}');
  expect(five.takePayloads()).toEqual(['{"payload":"x"}']);
});

test("a large body is in its envelope, and not sent behind it as well", async () => {
  const server = await startServer(json);
  const old = await connected(server, { clientId: "old" }, 4);
  await old.subscribe("a", 1);
  const payload = "x".repeat(100_000);
  const five = await connected(server, { clientId: "five" });
  for (const qos of [0, 1] as const) five.publish("a", payload, { qos, packetId: qos === 0 ? 0 : 9 });

  const envelope = JSON.stringify({ payload });
  expect(old.takePayloads()).toEqual([envelope, envelope]);
});

test("messages that are alike are each in an envelope of their own", async () => {
  const server = await startServer(json);
  const old = await connected(server, { clientId: "old" }, 4);
  await old.subscribe("a", 1);
  const five = await connected(server, { clientId: "five" });
  const payloads = ["1", "2", "3", "4"];
  for (const payload of payloads) five.publish("a", payload, { qos: 1, packetId: 9 });

  expect(old.takePayloads()).toEqual(payloads.map((payload) => JSON.stringify({ payload })));
});

test("what no envelope can hold is dropped and counted, and its publisher knows nothing of it", async () => {
  const server = await startServer(json);
  const old = await connected(server, { clientId: "old" }, 4);
  await old.subscribe("a", 1);
  const publisher = await connectTestClient(server.broker);
  const to = { exchange: TOPIC_SPACE, key: "a" };

  expect(publisher.publish(makeTestMessage(publisher, to, { body: Buffer.alloc(45_000_000) }))).toBe(
    "routed",
  );
  expect(server.broker.drops.of("too-large")).toBe(1);
  expect(old.takePayloads()).toEqual([]);
});
