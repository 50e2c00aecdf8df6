import { BrokerError } from "@dragoman/core";
import { expect, test } from "vitest";
import { settle } from "../testing/test-client.ts";
import { connected, startServer } from "../testing/test-server.ts";
import { Mounts } from "./mounts.ts";

test("the longest prefix decides, and a prefix alone is no mounted topic", () => {
  const mounts = new Mounts([
    { prefix: "a/", exchange: "short" },
    { prefix: "a/b/", exchange: "long" },
  ]);

  expect(mounts.find("a/b/c")).toEqual({ exchange: "long", rest: "c" });
  expect(mounts.find("a/c")).toEqual({ exchange: "short", rest: "c" });
  expect(mounts.find("a/").exchange).toBe("amq.topic");
  expect(mounts.prefixOf("long")).toBe("a/b/");
});

test.each(["", "a", "$a/", "a/+/", "#/"])("'%s' cannot be a mount's prefix", (prefix) => {
  expect(() => new Mounts([{ prefix, exchange: "x" }])).toThrow(BrokerError);
});

test("a mounted exchange is published to, subscribed to and named by its prefix, and is not the topic space", async () => {
  const server = await startServer({ mounts: [{ prefix: "orders/", exchange: "orders" }] });
  const vhost = server.broker.virtualHost("/");
  const options = { type: "topic", durable: false, autoDelete: false, internal: false } as const;
  vhost.topology.declareExchange("orders", options);
  const keys: string[] = [];
  const orders = vhost.exchange("orders");
  vhost.subscribe(orders, { deliver: ({ topic }) => void keys.push(topic.key) }, { key: "#" });
  for (const sessionExpiryInterval of [0, 60]) {
    const client = await connected(server, { clientId: "client", properties: { sessionExpiryInterval } });
    await client.subscribe("orders/+/new", 1);
    await client.subscribe("$share/g/orders/#", 0);
    await client.subscribe("#", 0);
    client.publish("orders/eu/new", "x", { qos: 1, packetId: 1 });
    const topics = client.takeMessages().map(({ topic, qos }) => `${topic} ${qos}`);
    expect(topics).toHaveLength(2);
    expect(new Set(topics)).toEqual(new Set(["orders/eu/new 0", "orders/eu/new 1"]));
    client.send({
      type: "unsubscribe",
      packetId: 1,
      properties: {},
      filters: ["orders/+/new", "$share/g/orders/#"],
    });
    await settle();
    client.publish("orders/eu/new", "y");
    expect(client.takeMessages()).toEqual([]);
  }

  expect(keys).toEqual(["eu.new", "eu.new", "eu.new", "eu.new"]);
});

test("a mount of an exchange that is not there is refused where it is used", async () => {
  const server = await startServer({ mounts: [{ prefix: "orders/", exchange: "orders" }] });
  const client = await connected(server);

  expect(await client.subscribe("orders/#")).toMatchObject([{ reasons: [0x8f] }]);
  client.publish("orders/1", "x", { qos: 1, packetId: 1 });
  expect(client.take()).toMatchObject([{ type: "puback", reason: 0x90 }]);
});
