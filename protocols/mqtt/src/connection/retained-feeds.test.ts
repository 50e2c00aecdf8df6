import type { Qos } from "@dragoman/core";
import { beforeEach, describe, expect, test } from "vitest";
import { settle, type TestClient } from "../testing/test-client.ts";
import { connected, type StartedServer, startServer } from "../testing/test-server.ts";

/** More than one turn of the loop reads. */
const topics = Array.from({ length: 2_500 }, (_, index) => `t/${index}`);
const last = topics.at(-1) ?? "";
const kept = { clientId: "kept", cleanStart: false, properties: { sessionExpiryInterval: 60 } };

let server: StartedServer;
let publisher: TestClient;

beforeEach(async () => {
  server = await startServer();
  publisher = await connected(server, { clientId: "publisher" });
  for (const topic of topics) publisher.publish(topic, "retained", { retain: true, qos: 1, packetId: 1 });
});

function arrivals(
  client: TestClient,
): { readonly topic: string; readonly text: string; readonly retain: boolean }[] {
  return client.takeMessages().map(({ topic, payload, retain, qos, packetId }) => {
    if (qos === 1) client.send({ type: "puback", packetId, reason: 0, properties: {} });
    return { topic, text: Buffer.from(payload).toString(), retain };
  });
}

/** Everything that comes as turn follows turn. */
function rest(client: TestClient): ReturnType<typeof arrivals> {
  const all: ReturnType<typeof arrivals> = [];
  for (let some = arrivals(client); some.length > 0; some = arrivals(client)) {
    all.push(...some);
    server.clock.advance(1);
  }
  return all;
}

describe("retained messages without number", () => {
  test("come in portions, each once, and others go on meanwhile [MQTT-3.3.1-9], MQTT 3.1.1 [MQTT-3.3.1-6]", async () => {
    for (const version of [4, 5] as const) {
      const client = await connected(server, { clientId: "subscriber" }, version);
      const [suback, ...first] = await client.subscribe("#");
      expect(suback?.type).toBe("suback");
      expect(first.length).toBeGreaterThan(0);
      expect(first.length).toBeLessThan(topics.length);
      publisher.take();
      publisher.send({ type: "pingreq" });
      expect(publisher.take()).toMatchObject([{ type: "pingresp" }]);

      server.clock.advance(1);
      const topicsOf = first.flatMap((packet) => (packet.type === "publish" ? [packet.topic] : []));
      const all = [...topicsOf, ...rest(client).map(({ topic }) => topic)];
      expect(all.toSorted()).toEqual(topics.toSorted());
    }
  });

  test.each([
    [0, "clean"],
    [1, "clean"],
    [0, "kept"],
    [1, "kept"],
  ] as const)(
    "come before all that is published later, at QoS %i to a %s session, and what was replaced comes not at all",
    async (qos: Qos, session) => {
      const client = await connected(server, session === "kept" ? kept : {});
      client.send({
        type: "subscribe",
        packetId: 1,
        properties: {},
        subscriptions: [
          { filter: "t/#", qos, noLocal: false, retainAsPublished: true, retainHandling: "always" },
        ],
      });
      await settle();
      for (const topic of topics.slice(-100)) publisher.publish(topic, "live", { qos, packetId: qos });
      publisher.publish(last, "new", { qos, packetId: qos, retain: true });
      await settle();
      const all = rest(client);

      expect(all.filter(({ text }) => text === "retained")).toHaveLength(topics.length - 1);
      expect(all.slice(-101).map(({ text }) => text)).toEqual([
        ...Array.from({ length: 100 }, () => "live"),
        "new",
      ]);
      expect(all.filter(({ topic }) => topic === last).map(({ text }) => text)).toEqual(["live", "new"]);
      publisher.publish("t/later", "after", { qos, packetId: qos });
      expect(arrivals(client).map(({ text }) => text)).toEqual(["after"]);
    },
  );

  test("wait for a client that does not read", async () => {
    const client = await connected(server, { clientId: "subscriber" });
    client.transport.bufferedBytes = 1_000_000;
    const first = await client.subscribe("#");
    server.clock.advance(10);
    expect([first.length, arrivals(client).length]).toEqual([1, 0]);
    client.transport.bufferedBytes = 0;
    client.connection.drained();

    expect(rest(client)).toHaveLength(topics.length);
  });

  test("are over with their subscription, and begin anew with it", async () => {
    const client = await connected(server, { clientId: "subscriber" });
    const first = await client.subscribe("#");
    client.send({ type: "unsubscribe", packetId: 2, properties: {}, filters: ["#"] });
    await settle();
    server.clock.advance(1);
    expect(first.length).toBeLessThan(topics.length);
    expect(client.take()).toMatchObject([{ type: "unsuback" }]);

    await client.subscribe("#");
    const again = await client.subscribe("#");
    server.clock.advance(1);
    expect(again.length - 1 + rest(client).length).toBe(topics.length);
  });

  test("are over with their connection; a kept session gets what had been read for it", async () => {
    const narrow = { ...kept, properties: { ...kept.properties, receiveMaximum: 10 } };
    const client = await connected(server, narrow);
    await client.subscribe("t/#", 1);
    client.drop();
    server.clock.advance(1);
    publisher.publish("t/later", "live", { qos: 1, packetId: 1 });
    const again = rest(await connected(server, narrow));

    expect(again.length).toBeGreaterThan(10);
    expect(again.length).toBeLessThan(topics.length);
    expect(again.at(-1)?.text).toBe("live");
  });
});
