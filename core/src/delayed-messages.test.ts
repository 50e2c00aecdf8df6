import fc from "fast-check";
import { expect, test } from "vitest";
import type { Client } from "./client.ts";
import type { Message } from "./message.ts";
import {
  connectTestClient,
  FakeClock,
  makeTestMessage,
  openTestBroker,
  PLAIN_QUEUE,
} from "./testing/index.ts";
import { RecordEngine } from "./testing/record-engine.ts";

test("messages are routed when they are due, those of one time in the order of their publishing, each once", async () => {
  const plan = fc.record({ delayMs: fc.nat(20), durable: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(plan, { maxLength: 20 }), fc.array(fc.nat(10)), async (plans, steps) => {
      const { client, clock } = await open();
      const startMs = clock.now();
      plans.forEach(({ delayMs, durable }, number) => {
        const message = makeTestMessage(client, { key: "q", text: String(number) }, { delayMs, durable });
        expect(client.publish(message)).toBe("routed");
      });
      for (const step of [0, ...steps]) {
        clock.advance(step);
        const passedMs = clock.now() - startMs;
        const due = plans.flatMap(({ delayMs }, number) =>
          delayMs <= passedMs ? [{ delayMs, number }] : [],
        );
        const want = due.toSorted((a, b) => a.delayMs - b.delayMs || a.number - b.number);
        expect(await textsIn(client)).toEqual(want.map(({ number }) => String(number)));
        expect(client.vhost.delayed.count).toBe(plans.length - due.length);
      }
    }),
    { numRuns: 50 },
  );
});

test("a receipt waits for the log, not for the time", async () => {
  const { client } = await open();
  const told: string[] = [];
  const receipts = client.openReceipts({ accepted: (tag, outcome) => void told.push(`${tag} ${outcome}`) });
  client.publish(makeTestMessage(client, { key: "q" }, { delayMs: 1_000, durable: true }), receipts, 1);
  client.publish(makeTestMessage(client, { key: "nowhere" }, { delayMs: 1_000 }), receipts, 2);
  expect(told).toEqual(["1 routed", "2 routed"]);
  expect(client.vhost.delayed.byteCount).toBe(8);
});

test("durable ones survive a restart and come at their time, or at once when it has passed; each once", async () => {
  const engine = new RecordEngine();
  const clock = new FakeClock();
  const first = await open(engine, clock);
  for (const [text, delayMs, durable] of [
    ["late", 10, true],
    ["later", 100, true],
    ["brief", 100, false],
  ] as const) {
    first.client.publish(makeTestMessage(first.client, { key: "q", text }, { delayMs, durable }));
  }
  first.stop();
  clock.advance(50);
  const second = await open(engine, clock);
  clock.advance(0);
  expect([await textsIn(second.client), second.client.vhost.delayed.count]).toEqual([["late"], 1]);
  second.client.publish(
    makeTestMessage(second.client, { key: "q", text: "new" }, { delayMs: 100, durable: true }),
  );
  second.stop();
  const third = await open(engine, clock);
  clock.advance(100);
  expect(await textsIn(third.client)).toEqual(["late", "later", "new"]);
  third.stop();
  const last = await open(engine, clock);
  clock.advance(1_000);
  expect(await textsIn(last.client)).toEqual(["late", "later", "new"]);
});

test("time to live begins when a message is routed", async () => {
  const { client, clock } = await open();
  const expiresAtMs = clock.now() + 50;
  client.publish(makeTestMessage(client, { key: "q" }, { delayMs: 100, expiresAtMs }));
  clock.advance(100);
  expect(client.queue("q").messageCount).toBe(1);
  clock.advance(50);
  expect(client.queue("q").messageCount).toBe(0);
});

test("what finds its exchange gone, or nothing bound, is counted as lost", async () => {
  const { client, clock } = await open();
  await client.declareExchange("e", { type: "fanout", durable: false, autoDelete: false, internal: false });
  client.publish(makeTestMessage(client, { exchange: "e", key: "" }, { delayMs: 5 }));
  client.publish(makeTestMessage(client, { key: "nowhere" }, { delayMs: 5 }));
  await client.deleteExchange("e", false);
  clock.advance(5);
  expect(client.vhost.drops.of("unroutable")).toBe(2);
});

async function open(
  engine = new RecordEngine(),
  clock = new FakeClock(),
): Promise<{ client: Client; clock: FakeClock; stop: () => void }> {
  const { broker } = await openTestBroker({ engine, clock });
  const client = await connectTestClient(broker);
  await client.declareQueue("q", { ...PLAIN_QUEUE, durable: true });
  return { client, clock, stop: () => broker.timers.stop() };
}

async function textsIn(client: Client): Promise<string[]> {
  const found: Message[] = [];
  for await (const message of client.queue("q").browse()) found.push(message);
  return found.map(({ body }) => Buffer.from(body).toString());
}
