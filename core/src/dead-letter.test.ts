import { expect, test } from "vitest";
import type { Client } from "./client.ts";
import { deathHeaders, publisherHeaders } from "./crossing.ts";
import { addDeath, firstDeath, isDeadLetterCycle } from "./dead-letter.ts";
import type { ExchangeOptions } from "./exchange.ts";
import type { Message } from "./message.ts";
import type { QueueOptions } from "./queue-options.ts";
import {
  connectTestClient,
  type FakeClock,
  makeTestMessage,
  openTestBroker,
  PLAIN_QUEUE,
} from "./testing/index.ts";

const FANOUT: ExchangeOptions = { type: "fanout", durable: false, autoDelete: false, internal: false };

test("the same queue and reason counts up and comes first", async () => {
  const { client } = await open();
  const message = makeTestMessage(
    client,
    { exchange: "e", key: "k" },
    { ttlRaw: "50", expiresAtMs: client.vhost.timers.now() + 50 },
  );
  const once = message.with({ deaths: addDeath(message, "a", "expired", 1) });
  const twice = once.with({ deaths: addDeath(once, "b", "rejected", 2), ttlRaw: undefined });
  const again = addDeath(twice, "a", "expired", 3);

  expect(again).toEqual([
    { reason: "expired", queue: "a", exchange: "e", keys: ["k"], count: 2, atMs: 1, originalTtlMs: 50 },
    { reason: "rejected", queue: "b", exchange: "e", keys: ["k"], count: 1, atMs: 2, originalTtlMs: 50 },
  ]);
  expect(firstDeath(again)?.queue).toBe("a");
  expect(firstDeath([])).toBeUndefined();
});

test("all keys of a message with copies are in its history", async () => {
  const { client } = await open();
  const copies = [client.vhost.topics.fromKey("b")];
  const message = makeTestMessage(client, { key: "a" }, { copies, ttlRaw: "5" });
  expect(addDeath(message, "q", "rejected", 1)).toMatchObject([
    { keys: ["a", "b"], originalTtlMs: undefined },
  ]);
});

test("of deaths within one millisecond, the one that recurred came first", async () => {
  const { client } = await open();
  const message = makeTestMessage(client, { key: "k" });
  const deaths = addDeath(message, "a", "expired", 1);
  const two = addDeath(message.with({ deaths }), "b", "expired", 1);
  expect(firstDeath(two)?.queue).toBe("a");
  expect(firstDeath(addDeath(message.with({ deaths: two }), "a", "expired", 1))?.queue).toBe("a");
});

test("a message that comes round without a consumer's refusal is in a cycle", async () => {
  const { client } = await open();
  let message = makeTestMessage(client, { key: "k" });
  const die = (queue: string, reason: "expired" | "rejected"): void => {
    message = message.with({ deaths: addDeath(message, queue, reason, 0) });
  };
  die("a", "expired");
  die("b", "expired");
  expect(isDeadLetterCycle(message, "a")).toBe(true);
  expect(isDeadLetterCycle(message, "c")).toBe(false);
  die("b", "rejected");
  expect(isDeadLetterCycle(message, "a")).toBe(false);
});

test("a dead letter loses its deadline, may change its key, and carries its history", async () => {
  const { client, clock, declare, bodies, messages } = await open();
  await declare("graves");
  await declare("work", { messageTtlMs: 100, deadLetter: { exchange: "", key: "graves" } });
  client.publish(makeTestMessage(client, { key: "work" }, { ttlRaw: "50", expiresAtMs: clock.now() + 50 }));
  clock.advance(50);

  const [dead] = await messages("graves");
  expect(await bodies("work")).toEqual([]);
  expect(dead?.expiresAtMs).toBeUndefined();
  expect(dead?.ttlRaw).toBeUndefined();
  expect(dead?.topic.key).toBe("graves");
  expect(dead?.deaths).toMatchObject([
    { reason: "expired", queue: "work", keys: ["work"], exchange: "", originalTtlMs: 50 },
  ]);
});

test("a message that expires round and round is dropped when it comes back, and counted", async () => {
  const { client, clock, declare, bodies } = await open();
  await declare("a", { messageTtlMs: 10, deadLetter: { exchange: "", key: "b" } });
  await declare("b", { messageTtlMs: 10, deadLetter: { exchange: "", key: "a" } });
  client.publish(makeTestMessage(client, { key: "a" }));
  clock.advance(10);
  expect(await bodies("b")).toHaveLength(1);
  clock.advance(10);

  expect([await bodies("a"), await bodies("b")]).toEqual([[], []]);
  expect(client.vhost.drops.of("dead-letter-cycle")).toBe(1);
});

test("a retry queue lets a rejected message come back as often as it is rejected", async () => {
  const { client, clock, declare } = await open();
  await declare("work", { deadLetter: { exchange: "", key: "retry" } });
  await declare("retry", { messageTtlMs: 10, deadLetter: { exchange: "", key: "work" } });
  client.publish(makeTestMessage(client, { key: "work" }));
  for (let attempt = 0; attempt < 5; attempt++) {
    client.get("work")?.settle("rejected");
    clock.advance(10);
  }

  const deaths = client.get("work")?.message.deaths;
  expect(deaths?.map(({ queue, count }) => [queue, count])).toEqual([
    ["retry", 5],
    ["work", 5],
  ]);
});

test("a long queue that overflows into itself neither nests as deep as it is long nor goes on for ever", async () => {
  const { client, declare, messages } = await open();
  await client.declareExchange("dead", FANOUT);
  const queue = await declare("q", { maxLength: 3_000, deadLetter: { exchange: "dead" } });
  await client.bind("dead", { kind: "queue", queue }, { key: "" });
  for (let i = 0; i <= 3_000; i++) client.publish(makeTestMessage(client, { key: "q", text: String(i) }));

  expect(await messages("q")).toHaveLength(3_000);
  expect(client.vhost.drops.of("dead-letter-cycle")).toBeGreaterThan(0);
});

test("what dies without a dead-letter exchange is counted by its reason", async () => {
  const { client, declare } = await open();
  await declare("none");
  await declare("gone", { deadLetter: { exchange: "deleted" } });
  for (const name of ["none", "gone"]) {
    client.publish(makeTestMessage(client, { key: name }));
    client.get(name)?.settle("rejected");
  }
  expect(client.vhost.drops.of("rejected")).toBe(2);
});

test("the first death is the oldest, also when its queue's latest death comes first", async () => {
  const { client } = await open();
  const message = makeTestMessage(client, { exchange: "e", key: "k" });
  const [first] = addDeath(message, "work", "rejected", 1_000);
  const [second] = addDeath(message, "retry", "expired", 2_000);
  if (first === undefined || second === undefined) throw new Error("no death");

  const headers = deathHeaders(message.with({ deaths: [{ ...first, count: 2 }, second] }));

  expect(headers).toContainEqual(["x-first-death-queue", "work"]);
});

test("history and publisher have names that every text protocol can carry", async () => {
  const { client } = await open();
  const message = makeTestMessage(client, { exchange: "e", key: "k" });
  const deaths = addDeath(message, "q", "overflow", 1_500);

  expect(deathHeaders(message)).toEqual([]);
  expect(deathHeaders(message.with({ deaths }))).toEqual([
    ["x-death", '[{"count":1,"reason":"maxlen","queue":"q","time":1,"exchange":"e","routing-keys":["k"]}]'],
    ["x-first-death-reason", "maxlen"],
    ["x-first-death-queue", "q"],
    ["x-first-death-exchange", "e"],
  ]);
  const [death] = deaths;
  if (death === undefined) throw new Error("no death");
  expect(deathHeaders(message.with({ deaths: [{ ...death, originalTtlMs: 5 }] }))[0]?.[1]).toContain(
    '"original-expiration":"5"',
  );
  expect(publisherHeaders(message)).toEqual([
    ["x-publisher-id", message.publisher.clientId],
    ["x-publisher-user", "anonymous"],
    ["x-publisher-protocol", "core"],
  ]);
});

interface Opened {
  readonly client: Client;
  readonly clock: FakeClock;
  declare(name: string, options?: Partial<QueueOptions>): ReturnType<Client["declareQueue"]>;
  messages(queue: string): Promise<Message[]>;
  bodies(queue: string): Promise<string[]>;
}

async function open(): Promise<Opened> {
  const { broker, clock } = await openTestBroker();
  const client = await connectTestClient(broker);
  const messages = async (queue: string): Promise<Message[]> => {
    const found: Message[] = [];
    for await (const message of client.queue(queue).browse()) found.push(message);
    return found;
  };
  return {
    client,
    clock,
    declare: (name, options) => client.declareQueue(name, { ...PLAIN_QUEUE, ...options }),
    messages,
    bodies: async (queue) => (await messages(queue)).map(({ body }) => Buffer.from(body).toString()),
  };
}
