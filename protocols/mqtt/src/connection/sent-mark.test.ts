import { MemoryEngine } from "@dragoman/core";
import { expect, test } from "vitest";
import { settle, type TestClient } from "../testing/test-client.ts";
import { connected, type StartedServer, startServer } from "../testing/test-server.ts";

const kept = { clientId: "kept", cleanStart: false, properties: { sessionExpiryInterval: 3_600 } };

/** A broker that stores what it is given, and begins again as after a crash: without having been closed. */
async function crashingServer(): Promise<{
  readonly server: StartedServer;
  readonly crash: () => Promise<StartedServer>;
}> {
  const engine = new MemoryEngine();
  const server = await startServer({}, { engine });
  return { server, crash: () => startServer({}, { engine, clock: server.clock }) };
}

async function publish(server: StartedServer, ...payloads: readonly string[]): Promise<void> {
  const publisher = await connected(server, { clientId: "publisher" });
  for (const payload of payloads) publisher.publish("a", payload, { qos: 1, packetId: 1 });
  await settle();
}

function acknowledge(client: TestClient, packetId = 0): void {
  client.send({ type: "puback", packetId, reason: 0, properties: {} });
}

function flowsOf(
  client: TestClient,
): readonly (readonly [packetId: number, dup: boolean, payload: string])[] {
  return client
    .takeMessages()
    .map(({ packetId, dup, payload }) => [packetId, dup, Buffer.from(payload).toString()]);
}

test("QoS 1 messages in flight come again after a crash under their identifiers, in order, with DUP [MQTT-4.4.0-1] [MQTT-3.3.1-1], MQTT 3.1.1 [MQTT-4.4.0-1] [MQTT-3.3.1-1]", async () => {
  const { server, crash } = await crashingServer();
  const first = await connected(server, kept);
  await first.subscribe("a", 1);
  await publish(server, "1", "2", "3", "4", "5");
  const ids = flowsOf(first).map(([packetId]) => packetId);
  acknowledge(first, ids[1]);

  const second = await crash();
  await publish(second, "6");
  const narrow = { ...kept, properties: { ...kept.properties, receiveMaximum: 2 } };
  const client = await connected(second, narrow);
  expect(flowsOf(client)).toEqual([
    [ids[0], true, "1"],
    [ids[2], true, "3"],
  ]);
  client.drop();

  expect(flowsOf(await connected(await crash(), kept))).toEqual([
    [ids[0], true, "1"],
    [ids[2], true, "3"],
    [ids[3], true, "4"],
    [ids[4], true, "5"],
    [expect.any(Number), false, "6"],
  ]);
});

test("messages that came when the client had gone have no DUP after a crash [MQTT-4.3.2-2]", async () => {
  const { server, crash } = await crashingServer();
  const first = await connected(server, kept);
  await first.subscribe("a", 1);
  await publish(server, "1", "2");
  const ids = flowsOf(first).map(([packetId]) => packetId);
  acknowledge(first, ids[0]);
  first.drop();
  await publish(server, "3");

  const second = await crash();
  const client = await connected(second, kept);
  const flows = flowsOf(client);
  expect(flows).toEqual([
    [ids[1], true, "2"],
    [expect.any(Number), false, "3"],
  ]);
  for (const [packetId] of flows) acknowledge(client, packetId);
  client.drop();
  await publish(second, "4");

  expect(flowsOf(await connected(await crash(), kept)).map(([, dup]) => dup)).toEqual([false]);
});

test("an identifier whose turn comes again before its flow is complete is replaced, also after a crash [MQTT-2.2.1-4]", async () => {
  const { server, crash } = await crashingServer();
  const first = await connected(server, kept);
  await first.subscribe("a", 1);
  await publish(server, "kept open");
  const [oldest] = flowsOf(first);
  const publisher = await connected(server, { clientId: "publisher" });
  // As many messages as there are identifiers for a queue, all but the first acknowledged.
  for (let count = 1; count < 32_768; count++) {
    publisher.publish("a", "x", { qos: 1, packetId: 1 });
    if (count % 500 > 0) continue;
    await settle();
    for (const [packetId] of flowsOf(first)) acknowledge(first, packetId);
  }
  await settle();
  for (const [packetId] of flowsOf(first)) acknowledge(first, packetId);
  await publish(server, "same place", "next");
  const before = flowsOf(first);

  expect(new Set([oldest?.[0], ...before.map(([packetId]) => packetId)]).size).toBe(3);
  const after = flowsOf(await connected(await crash(), kept));
  expect(after).toEqual([oldest, ...before].map((flow) => [flow?.[0], true, flow?.[2]]));
});
