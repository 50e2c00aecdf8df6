import { expect, test, vi } from "vitest";
import { TOPIC_SPACE } from "./address.ts";
import type { Binding } from "./binding.ts";
import type { Client } from "./client.ts";
import { MemoryEngine } from "./memory-engine.ts";
import { makePattern, MANY, ONE } from "./pattern.ts";
import type { QueueOptions } from "./queue-options.ts";
import {
  connectTestClient,
  FakeClock,
  makeTestMessage,
  openTestBroker,
  PLAIN_CONSUMER,
  PLAIN_QUEUE,
} from "./testing/index.ts";
import { RecordEngine } from "./testing/record-engine.ts";

const DURABLE: QueueOptions = { ...PLAIN_QUEUE, durable: true };
const EXCHANGE = { type: "topic", durable: true, autoDelete: false, internal: true } as const;

test("durable exchanges, queues and bindings are there again as they were, and nothing else", async () => {
  const { client, restart } = await open();
  const options = { ...DURABLE, maxLength: 9, deadLetter: { exchange: "dead" }, extra: "x" };
  const queue = await client.declareQueue("kept", options);
  const exchange = await client.declareExchange("kept", { ...EXCHANGE, alternate: "amq.fanout" });
  const brief = await client.declareQueue("brief", PLAIN_QUEUE);
  const own = await client.declareQueue("own", { ...DURABLE, exclusive: true });
  const briefExchange = await client.declareExchange("brief", { ...EXCHANGE, durable: false });
  const pattern = makePattern(["$SYS", ONE, MANY], true);
  const subscription = { qos: 1 as const, retainAsPublished: true, id: 4, noLocalFor: "me" };
  await client.bind("kept", { kind: "queue", queue }, { key: "k", pattern, subscription, extra: "e" });
  const match = { mode: "any" as const, headers: [["n", { type: "int64" as const, value: 5n }] as const] };
  await client.bind("amq.headers", { kind: "queue", queue }, { key: "", match });
  await client.bind(TOPIC_SPACE, { kind: "exchange", exchange }, { key: "a.#" });
  await client.bind(TOPIC_SPACE, { kind: "exchange", exchange: briefExchange }, { key: "a" });
  for (const other of [brief, own]) await client.bind("kept", { kind: "queue", queue: other }, { key: "k" });
  await client.bind("brief", { kind: "queue", queue }, { key: "k" });
  const gone = await client.bind(TOPIC_SPACE, { kind: "queue", queue }, { key: "gone" });
  client.vhost.topology.unbind(gone);
  await client.declareExchange("gone", EXCHANGE);
  await client.deleteExchange("gone", false);

  const after = await restart();
  const { exchanges, queues } = after.vhost.topology;
  expect([...queues.keys()]).toEqual(["kept"]);
  expect(after.queue("kept").options).toEqual(options);
  expect([...exchanges.keys()].filter((name) => !after.vhost.topology.isStandard(name))).toEqual(["kept"]);
  expect(exchanges.get("kept")?.options).toEqual({ ...EXCHANGE, alternate: "amq.fanout" });
  const bindings = after.vhost.topology.bindingsOf(after.queue("kept"));
  expect(bindings.map(shown)).toEqual([
    ["kept", { key: "k", subscription, extra: "e" }, pattern.id],
    ["amq.headers", { key: "", match }, "open:"],
  ]);
  expect(
    after.vhost.topology.bindingsOf(after.vhost.exchange("kept")).map(({ source }) => source.name),
  ).toEqual([TOPIC_SPACE]);
});

test("a start writes nothing of what it reads, so it takes no longer than reading", async () => {
  const engine = new RecordEngine();
  const before = await connectTestClient((await openTestBroker({ engine })).broker);
  const queue = await before.declareQueue("kept", DURABLE);
  await before.declareExchange("kept", EXCHANGE);
  await before.bind("kept", { kind: "queue", queue }, { key: "k" });
  const put = vi.spyOn(engine.metadata, "put");

  const after = await connectTestClient((await openTestBroker({ engine })).broker);

  expect(put).not.toHaveBeenCalled();
  await after.declareQueue("new", DURABLE);
  expect(put).toHaveBeenCalledOnce();
});

test("durable messages are there again in their order, with their counts; settled ones are not", async () => {
  const { client, restart } = await open();
  await client.declareQueue("q", { ...DURABLE, maxPriority: 3 });
  for (const [text, priority] of [
    ["a", 0],
    ["b", 3],
    ["c", 0],
    ["d", 3],
    ["e", 0],
  ] as const) {
    client.publish(makeTestMessage(client, { key: "q", text }, { durable: true, priority }));
  }
  client.publish(makeTestMessage(client, { key: "q", text: "brief" }));
  client.get("q")?.settle("released");
  client.get("q")?.settle("accepted");
  client.get("q");

  const after = await restart();
  const found = [];
  for (let next = after.get("q"); next !== undefined; next = after.get("q")) {
    await after.queue("q").whenReadable();
    found.push([Buffer.from(next.message.body).toString(), next.deliveryCount]);
  }
  expect(found).toEqual([
    ["d", 0],
    ["a", 0],
    ["c", 0],
    ["e", 0],
  ]);
});

test("a message that came back says so after a restart too", async () => {
  const { client, restart } = await open();
  await client.declareQueue("q", DURABLE);
  client.publish(makeTestMessage(client, { key: "q" }, { durable: true }));
  client.get("q")?.settle("released");
  client.get("q")?.settle("untouched");
  const after = (await restart()).get("q");
  expect([after?.deliveryCount, after?.redelivered]).toEqual([1, true]);
});

test("a deleted queue's messages do not come back with another of its name", async () => {
  const { client, restart } = await open();
  await client.declareQueue("q", DURABLE);
  client.publish(makeTestMessage(client, { key: "q" }, { durable: true }));
  await client.deleteQueue("q", { ifUnused: false, ifEmpty: false });
  const owner = await client.declareQueue("q", { ...DURABLE, exclusive: true });
  owner.enqueue(makeTestMessage(client, { key: "q" }, { durable: true }), undefined);
  client.close();
  await client.declareQueue("q", DURABLE);

  expect((await restart()).queue("q").messageCount).toBe(0);
});

test("a consumer gets all priorities, one after the other, though none is in memory yet", async () => {
  const { client, restart } = await open();
  await client.declareQueue("q", { ...DURABLE, maxPriority: 2 });
  for (const priority of [0, 1, 2, 0, 1, 2]) {
    client.publish(
      makeTestMessage(client, { key: "q", text: String(priority) }, { durable: true, priority }),
    );
  }
  const after = await restart();
  const got: string[] = [];
  await new Promise<void>((resolve) => {
    after.consume("q", PLAIN_CONSUMER, {
      deliver({ message }) {
        got.push(Buffer.from(message.body).toString());
        if (got.length === 6) resolve();
      },
      cancelled: () => undefined,
    });
  });
  expect(got).toEqual(["2", "2", "1", "1", "0", "0"]);
});

test("a queue longer than memory shall hold is read as it is consumed", async () => {
  const { client, restart } = await open();
  await client.declareQueue("q", DURABLE);
  for (let i = 0; i < 5_000; i++) {
    client.publish(makeTestMessage(client, { key: "q", text: String(i) }, { durable: true }));
  }
  const after = await restart();
  const queue = after.queue("q");
  const read: number[] = [];
  for (;;) {
    await queue.whenReadable();
    const delivery = after.get("q");
    if (delivery === undefined) break;
    read.push(Number(Buffer.from(delivery.message.body).toString()));
    delivery.settle("accepted");
  }
  expect(read).toEqual(Array.from({ length: 5_000 }, (_, i) => i));
});

test("what expired meanwhile goes, also to the dead-letter exchange", async () => {
  const { client, clock, restart } = await open();
  await client.declareQueue("dead", DURABLE);
  await client.declareQueue("q", {
    ...DURABLE,
    messageTtlMs: 100,
    deadLetter: { exchange: "", key: "dead" },
  });
  client.publish(makeTestMessage(client, { key: "q" }, { durable: true }));
  clock.advance(50);
  client.publish(makeTestMessage(client, { key: "q", text: "later" }, { durable: true }));
  const after = await restart(50);
  expect([after.queue("q").messageCount, after.queue("dead").messageCount]).toEqual([1, 1]);
});

test("retained messages are there again, those that expired meanwhile are not", async () => {
  const { client, clock, restart } = await open();
  for (const [key, durable, lifeMs] of [
    ["kept", true, 1_000],
    ["brief", false, 1_000],
    ["old", true, 10],
  ] as const) {
    client.publish(
      makeTestMessage(
        client,
        { exchange: TOPIC_SPACE, key },
        { durable, retain: true, expiresAtMs: clock.now() + lifeMs },
      ),
    );
  }
  const again = (await restart(10)).vhost.retained.match(makePattern([MANY], false));
  expect(again.map(({ topic }) => topic.key)).toEqual(["kept"]);
});

test("virtual hosts are there again, each with its own things", async () => {
  const engine = new RecordEngine();
  const { broker } = await openTestBroker({ engine });
  const made = await broker.createVirtualHost("/other");
  expect(await broker.createVirtualHost("/other")).toBe(made);
  made.topology.declareQueue("theirs", DURABLE, undefined);
  broker.virtualHost("/").topology.declareQueue("ours", DURABLE, undefined);
  await broker.close();

  const after = (await openTestBroker({ engine })).broker;
  expect([...after.virtualHosts()].map(({ name, topology }) => [name, ...topology.queues.keys()])).toEqual([
    ["/", "ours"],
    ["/other", "theirs"],
  ]);
  expect(() => after.virtualHost("none")).toThrow("no virtual host");
});

interface Opened {
  readonly client: Client;
  readonly clock: FakeClock;
  /** A client of a new broker on the same engine; the old one just stops being there. */
  restart(afterMs?: number): Promise<Client>;
}

async function open(): Promise<Opened> {
  const engine = new RecordEngine();
  const clock = new FakeClock();
  const { broker } = await openTestBroker({ engine, clock });
  const restart = async (afterMs = 0): Promise<Client> => {
    broker.timers.stop();
    clock.advance(afterMs);
    const client = await connectTestClient((await openTestBroker({ engine, clock })).broker);
    clock.advance(0);
    return client;
  };
  return { client: await connectTestClient(broker), clock, restart };
}

function shown({ source, spec, pattern }: Binding): unknown {
  const { pattern: _, ...rest } = spec;
  return [
    source.name,
    Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)),
    pattern.id,
  ];
}

test.each(["exchange", "queue", "binding", "session"] as const)(
  "a stored %s that cannot be read is named",
  async (collection) => {
    const engine = new MemoryEngine();
    engine.metadata.put(collection, "/\0name", Buffer.from("?"));

    await expect(openTestBroker({ engine })).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringMatching(new RegExp(`^the stored ${collection} '/ name' cannot be read: `)),
    });
  },
);
