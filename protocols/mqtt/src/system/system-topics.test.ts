import { TOPIC_SPACE } from "@dragoman/core";
import { connectTestClient } from "@dragoman/core/testing";
import { expect, test } from "vitest";
import type { TestClient } from "../testing/test-client.ts";
import { connected, startServer } from "../testing/test-server.ts";

const version = { sysInterval: 10, productVersion: "dragoman 1" };

/** What came, by topic. */
function taken(client: TestClient): Map<string, string> {
  return new Map(client.takeMessages().map(({ topic, payload }) => [topic, Buffer.from(payload).toString()]));
}

async function look(client: TestClient, filter: string): Promise<Map<string, string>> {
  const packets = await client.subscribe(filter);
  return new Map(
    packets.flatMap((packet) =>
      packet.type === "publish" ? [[packet.topic, Buffer.from(packet.payload).toString()]] : [],
    ),
  );
}

test("$SYS is retained under the names that Mosquitto uses, and is told again when it has changed", async () => {
  const server = await startServer(version);
  const client = await connected(server, { clientId: "a", properties: { sessionExpiryInterval: 60 } });
  const first = await look(client, "$SYS/#");
  expect(first.get("$SYS/broker/version")).toBe("dragoman 1");
  expect(first.get("$SYS/broker/uptime")).toBe("0 seconds");
  expect(first.get("$SYS/broker/store/commits")).toBe(String(server.broker.commits));

  const other = await connected(server, { clientId: "b", properties: { sessionExpiryInterval: 60 } });
  other.publish("x", "1");
  other.publish("x", "2", { qos: 1, packetId: 1 });
  other.drop();
  server.clock.advance(10_000);
  const second = taken(client);
  expect(Object.fromEntries(second)).toMatchObject({
    "$SYS/broker/uptime": "10 seconds",
    "$SYS/broker/clients/connected": "1",
    "$SYS/broker/clients/disconnected": "1",
    "$SYS/broker/clients/total": "2",
    "$SYS/broker/clients/protocol/mqtt": "1",
    "$SYS/broker/subscriptions/count": "1",
    "$SYS/broker/messages/received": "5",
    "$SYS/broker/publish/messages/received": "2",
    "$SYS/broker/publish/messages/dropped": "2",
    "$SYS/broker/drops/unroutable": "2",
    "$SYS/broker/load/publish/messages/received/1min": (12 * (1 - Math.exp(-1 / 6))).toFixed(2),
  });
  expect(second.has("$SYS/broker/version")).toBe(false);
});

test("$SYS is hidden from wildcards in front and from AMQP's, which see it where that is wanted [MQTT-4.7.2-1]", async () => {
  for (const sysToAmqp of [false, true]) {
    const server = await startServer({ ...version, sysToAmqp });
    const keys: string[] = [];
    const amqp = await connectTestClient(server.broker);
    for (const key of ["#", "$SYS.#"]) {
      amqp.subscribe(TOPIC_SPACE, { deliver: ({ topic }) => void keys.push(topic.key) }, { key });
    }
    const client = await connected(server);
    for (const filter of ["#", "+/broker/uptime"]) expect((await look(client, filter)).size).toBe(0);
    server.clock.advance(10_000);
    expect(client.takeMessages()).toEqual([]);
    expect(keys.includes("$SYS.broker.uptime")).toBe(sysToAmqp);
    expect(server.broker.drops.of("unroutable")).toBe(0);
  }
});

test("$SYS can be switched off, and is told once however many listeners there are", async () => {
  const off = await startServer({ sysInterval: 0 });
  expect(await look(await connected(off), "$SYS/#")).toEqual(new Map());

  const server = await startServer(version);
  const client = await connected(server);
  await client.subscribe("$SYS/broker/uptime");
  const { mqttProtocol } = await import("../protocol.ts");
  await connected({ ...server, protocol: mqttProtocol(version) }, { clientId: "other" });
  server.clock.advance(10_000);
  expect(client.takeMessages()).toHaveLength(1);
});
