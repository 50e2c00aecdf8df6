import { expect, test } from "vitest";
import { MemoryEngine } from "./memory-engine.ts";
import { connectTestClient, openTestBroker } from "./testing/index.ts";
import { TopologyStore } from "./topology-store.ts";

test("a binding to a live subscriber is never written down", async () => {
  const client = await connectTestClient((await openTestBroker()).broker);
  const exchange = client.vhost.exchange("amq.fanout");
  const subscriber = { deliver: (): void => undefined };
  const binding = client.vhost.topology.bind(exchange, { kind: "subscriber", subscriber }, { key: "" });
  const store = new TopologyStore("/", new MemoryEngine().metadata);
  expect(() => store.putBinding(binding)).toThrow("never stored");
});

test("each virtual host reads its own things, also when one's name begins like another's", async () => {
  const { metadata } = new MemoryEngine();
  const { topology } = (await openTestBroker()).broker.virtualHost("/");
  const options = { type: "fanout", durable: true, autoDelete: false, internal: false } as const;
  const exchange = topology.declareExchange("e", options);
  new TopologyStore("a", metadata).putExchange(exchange);
  const found: string[] = [];
  for (const host of ["a", "ab", ""]) {
    for await (const records of new TopologyStore(host, metadata).exchanges()) {
      for (const { name } of records) found.push(`${host}:${name}`);
    }
  }
  expect(found).toEqual(["a:e"]);
});
