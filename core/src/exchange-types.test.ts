import { describe, expect, test } from "vitest";
import type { Client } from "./client.ts";
import { encodeCoreProperties } from "./core-properties.ts";
import { BrokerError } from "./errors.ts";
import type { ExchangeOptions } from "./exchange.ts";
import { connectTestClient, makeTestMessage, openTestBroker, PLAIN_QUEUE } from "./testing/index.ts";
import { text } from "./value.ts";

const OPTIONS = { durable: false, autoDelete: false, internal: false } as const;

describe("a consistent-hash exchange", () => {
  test("sends the same key the same way, and shares keys by weight", async () => {
    const { client, targetOf } = await open(
      { ...OPTIONS, type: "consistent-hash" },
      { a: "1", b: "1", c: "2", d: "0" },
    );
    const keys = Array.from({ length: 4_000 }, (_, i) => `key.${i}`);
    const first = keys.map((key) => targetOf(key));
    expect(keys.map((key) => targetOf(key))).toEqual(first);
    const share = (name: string): number => first.filter((target) => target === name).length / keys.length;
    expect(share("a")).toBeCloseTo(0.25, 1);
    expect(share("b")).toBeCloseTo(0.25, 1);
    expect(share("c")).toBeCloseTo(0.5, 1);
    expect(share("d")).toBe(0);
    client.publish(makeTestMessage(client, { exchange: "e", key: "key.1" }));
    expect(client.vhost.exchange("e").routes.size).toBe(1);
  });

  test("moves nothing but the share of a queue that goes", async () => {
    const { client, targetOf } = await open(
      { ...OPTIONS, type: "consistent-hash" },
      { a: "1", b: "1", c: "1" },
    );
    const keys = Array.from({ length: 1_000 }, (_, i) => `key.${i}`);
    const before = keys.map((key) => targetOf(key));
    await client.deleteQueue("b", { ifUnused: false, ifEmpty: false });
    const moved = keys.filter((key, i) => targetOf(key) !== before[i]);
    expect(moved).toEqual(keys.filter((_, i) => before[i] === "b"));
  });

  test("hashes a header when it is told to, and its absence like an empty one", async () => {
    const options = { ...OPTIONS, type: "consistent-hash", hashHeader: "h" } as const;
    const { targetOf } = await open(options, { a: "1", b: "1" });
    const ways = Array.from({ length: 50 }, (_, i) => targetOf(`key.${i}`, String(i % 5)));
    expect(new Set(ways.map((way, i) => `${i % 5} ${way}`)).size).toBe(5);
    expect(new Set(ways).size).toBe(2);
    expect(targetOf("x")).toBe(targetOf("y", ""));
  });

  test("refuses a weight that is none, and keeps working", async () => {
    const { client, targetOf } = await open({ ...OPTIONS, type: "consistent-hash" }, { a: "1" });
    const destination = { kind: "queue", queue: client.queue("a") } as const;
    for (const key of ["", "-1", "1.5", "x", "1001", "99999999999"]) {
      await expect(client.bind("e", destination, { key })).rejects.toThrow(BrokerError);
    }
    expect(client.vhost.topology.bindingsOf(client.queue("a"))).toHaveLength(1);
    expect(targetOf("key")).toBe("a");
  });

  test("leads to exchanges and subscribers too, and nowhere without bindings", async () => {
    const { client } = await open({ ...OPTIONS, type: "consistent-hash" }, {});
    const publish = (): string => client.publish(makeTestMessage(client, { exchange: "e", key: "k" }));
    expect(publish()).toBe("unroutable");
    let got = 0;
    const ends = [1, 2].map(() => client.subscribe("e", { deliver: () => void got++ }, { key: "1" }));
    expect([publish(), got]).toEqual(["routed", 1]);
    for (const end of ends) end();
    await client.bind("e", { kind: "exchange", exchange: client.vhost.exchange("amq.fanout") }, { key: "1" });
    client.subscribe("amq.fanout", { deliver: () => void got++ }, { key: "" });
    expect([publish(), got]).toEqual(["routed", 2]);
  });
});

describe("a random exchange", () => {
  test("sends each message one way, and all ways in turn of chance", async () => {
    const { client, targetOf } = await open({ ...OPTIONS, type: "random" }, { a: "", b: "", c: "" });
    expect(new Set(Array.from({ length: 200 }, () => targetOf("k")))).toEqual(new Set(["a", "b", "c"]));
    await client.deleteQueue("b", { ifUnused: false, ifEmpty: false });
    expect(new Set(Array.from({ length: 200 }, () => targetOf("k")))).toEqual(new Set(["a", "c"]));
  });

  test("leads nowhere without bindings", async () => {
    const { targetOf } = await open({ ...OPTIONS, type: "random" }, {});
    expect(targetOf("k")).toBeUndefined();
  });
});

/** An exchange e with queues bound under these keys; tells which queue a message goes to. */
async function open(
  options: ExchangeOptions,
  keys: Readonly<Record<string, string>>,
): Promise<{ client: Client; targetOf: (key: string, header?: string) => string | undefined }> {
  const client = await connectTestClient((await openTestBroker()).broker);
  await client.declareExchange("e", options);
  for (const [name, key] of Object.entries(keys)) {
    const queue = await client.declareQueue(name, PLAIN_QUEUE);
    await client.bind("e", { kind: "queue", queue }, { key });
  }
  const targetOf = (key: string, header?: string): string | undefined => {
    const headers = header === undefined ? [] : [["h", text(header)] as const];
    const raw = encodeCoreProperties({ headers });
    const [queue, ...others] = client.vhost.routeOf(makeTestMessage(client, { exchange: "e", key }, { raw }));
    expect(others).toEqual([]);
    return queue?.name;
  };
  return { client, targetOf };
}
