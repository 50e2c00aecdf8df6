import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Client } from "./client.ts";
import type { Consumer, ConsumerOptions, StreamStart } from "./consumer.ts";
import type { Delivery } from "./delivery.ts";
import { BrokerError } from "./errors.ts";
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
import { Window } from "./window.ts";

const start = fc.oneof(
  fc.constantFrom<StreamStart[]>({ from: "first" }, { from: "last" }, { from: "next" }),
  fc.nat(30).map((offset): StreamStart => ({ from: "offset", offset })),
  fc.nat(40).map((ms): StreamStart => ({ from: "time", atMs: ms })),
);
const command = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ type: fc.constant("publish" as const), size: fc.integer({ min: 1, max: 3 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant("consume" as const),
      start,
      limit: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ type: fc.constant("settle" as const), place: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("cancel" as const), place: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("pass" as const), ms: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.constant({ type: "page out" as const }) },
);

test("every consumer gets every message from where it began, once and in order, within its window", async () => {
  await fc.assert(
    fc.asyncProperty(fc.boolean(), fc.array(command, { maxLength: 60 }), async (durable, commands) => {
      const { client, publish } = await open({ durable }, { clock: new FakeClock(0) });
      const clock = client.vhost.timers;
      const publishedAtMs: number[] = [];
      let readers: Reader[] = [];
      for (const step of commands) {
        switch (step.type) {
          case "publish":
            publish("x".repeat(step.size));
            publishedAtMs.push(clock.now());
            break;
          case "consume": {
            const reader = new Reader(client, step.start, new Window(step.limit));
            reader.beganAt = publishedAtMs.length;
            readers.push(reader);
            break;
          }
          case "settle":
            for (const reader of readers) reader.held.splice(step.place % 3, 1)[0]?.settle("released");
            break;
          case "cancel": {
            const gone = readers[step.place];
            gone?.consumer.cancel();
            readers = readers.filter((reader) => reader !== gone);
            break;
          }
          case "pass":
            pass(client, step.ms);
            break;
          case "page out":
            client.queue("s").pageOut();
            break;
        }
        await settled();
        for (const { from, offsets, window, beganAt } of readers) {
          // A time to come passes over what comes before it; all other starts are known at once.
          const wantFrom = firstOffset(
            from,
            from.from === "time" ? publishedAtMs : publishedAtMs.slice(0, beganAt),
          );
          const room = window.isOpen ? publishedAtMs.length : wantFrom + offsets.length;
          const want = Array.from(
            { length: Math.max(0, Math.min(publishedAtMs.length, room) - wantFrom) },
            (_, i) => wantFrom + i,
          );
          expect(offsets).toEqual(want);
          expect(window.taken).toBeLessThanOrEqual(window.limit);
        }
        const unsettled = readers.reduce((sum, { held }) => sum + held.length, 0);
        expect(client.queue("s").messageCount).toBe(publishedAtMs.length);
        expect(client.queue("s").unsettledCount).toBeGreaterThanOrEqual(unsettled);
      }
    }),
    { numRuns: 150 },
  );
});

describe("retention", () => {
  const limits = fc.record({
    durable: fc.boolean(),
    maxLength: fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }),
    maxBytes: fc.option(fc.integer({ min: 1, max: 60 }), { nil: undefined }),
    maxAgeMs: fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
  });
  const steps = fc.array(fc.record({ size: fc.integer({ min: 1, max: 3 }), ms: fc.nat(3) }), {
    maxLength: 80,
  });

  test("keeps the limits, drops the oldest only, and keeps offsets, also over a restart", async () => {
    await fc.assert(
      fc.asyncProperty(limits, steps, async (options, plan) => {
        const engine = new RecordEngine();
        const clock = new FakeClock(0);
        const { client, publish, stop } = await open(options, { engine, clock });
        const { maxLength = Infinity, maxBytes = Infinity, maxAgeMs = Infinity } = options;
        const published: { readonly text: string; readonly atMs: number }[] = [];
        for (const { size, ms } of plan) {
          const text = "x".repeat(size);
          publish(text);
          published.push({ text, atMs: clock.now() });
          clock.advance(ms);
          const queue = client.queue("s");
          const kept = published.slice(published.length - queue.messageCount);
          const bytes = kept.reduce((sum, message) => sum + message.text.length, 0);
          expect(queue.byteCount).toBe(bytes);
          expect(queue.messageCount <= maxLength && (bytes <= maxBytes || kept.length === 1)).toBe(true);
          expect(kept.every(({ atMs }) => clock.now() - atMs <= maxAgeMs + maxAgeMs / 8 + 1)).toBe(true);
        }
        const { messageCount } = client.queue("s");
        const first = published.length - messageCount;
        expect(await offsetsOf(client)).toEqual(published.slice(first).map((_, i) => first + i));
        if (!options.durable) return;

        stop();
        const after = await open(options, { engine, clock });
        expect(await offsetsOf(after.client)).toEqual(published.slice(first).map((_, i) => first + i));
        after.publish("new");
        expect((await offsetsOf(after.client)).at(-1)).toBe(published.length);
      }),
      { numRuns: 100 },
    );
  });

  test("spares what limits allow: no more goes than an eighth of a limit beyond it", async () => {
    const { client, publish } = await open({ maxLength: 80 });
    for (let i = 0; i < 500; i++) publish("x");
    expect(client.queue("s").messageCount).toBeGreaterThan(70);
  });
});

test("a long stream is read again from its log, a consumer far behind included", async () => {
  const { client, publish } = await open({ durable: true });
  for (let i = 0; i < 3_000; i++) publish(String(i));
  client.queue("s").pageOut();
  const reader = new Reader(client, { from: "first" }, new Window());
  await settled(40);
  expect(reader.offsets).toEqual(Array.from({ length: 3_000 }, (_, i) => i));
  const texts: string[] = [];
  for await (const { body } of client.queue("s").browse()) texts.push(Buffer.from(body).toString());
  expect(texts).toHaveLength(3_000);
  publish("3000");
  expect(reader.offsets.at(-1)).toBe(3_000);
});

test("a consumer that reads while the oldest messages go passes them over", async () => {
  const { client, publish } = await open({ durable: true, maxLength: 1_600 });
  for (let i = 0; i < 1_600; i++) publish(String(i));
  const reader = new Reader(client, { from: "first" }, new Window(1));
  for (let i = 0; i < 4_000; i++) publish(String(i));
  await settled();
  while (reader.held.length > 0) {
    reader.held.pop()?.settle("accepted");
    await settled(4);
  }
  expect(reader.offsets).toEqual(reader.offsets.toSorted((a, b) => a - b));
  expect(reader.offsets.at(-1)).toBe(5_599);
});

test("consumers may want some messages only, settle at once, and exclude each other", async () => {
  const { client, publish } = await open({});
  const offsets: (number | undefined)[] = [];
  const options: ConsumerOptions = {
    ...PLAIN_CONSUMER,
    autoSettle: true,
    exclusive: true,
    start: { from: "first" },
    wants: ({ body }) => body.length > 1,
  };
  const consumer = client.consume("s", options, {
    deliver(delivery) {
      offsets.push(delivery.offset);
      delivery.settle("rejected");
      if (offsets.length === 2) publish("within");
    },
    cancelled: () => undefined,
  });
  expect(() => new Reader(client, { from: "next" }, new Window())).toThrow(BrokerError);
  for (const text of ["aa", "b", "cc"]) publish(text);
  expect(offsets).toEqual([0, 2, 3]);
  expect(client.queue("s").unsettledCount).toBe(0);
  consumer.cancel();
  consumer.cancel();
  publish("dd");
  expect(offsets).toHaveLength(3);
});

test("a stream cannot be fetched from or purged, and ends like a queue", async () => {
  const { client, publish } = await open({ autoDelete: true });
  const queue = client.queue("s");
  expect(() => client.get("s")).toThrow(BrokerError);
  await expect(client.purgeQueue("s")).rejects.toThrow(BrokerError);
  await expect(client.declareQueue("s", PLAIN_QUEUE)).rejects.toThrow("another kind");
  expect(await client.declareQueue("s", { ...PLAIN_QUEUE, kind: "stream", autoDelete: true })).toBe(queue);
  await queue.whenReadable();
  expect([queue.consumerCount, queue.owner]).toEqual([0, undefined]);
  let cancelled = 0;
  publish("x");
  const held: Delivery[] = [];
  const window = new Window(1);
  client.consume(
    "s",
    { ...PLAIN_CONSUMER, start: { from: "first" }, window: window },
    { deliver: (delivery) => void held.push(delivery), cancelled: () => cancelled++ },
  );
  await client.deleteQueue("s", { ifUnused: false, ifEmpty: false });
  held[0]?.settle("accepted");
  expect([cancelled, window.taken, queue.isDeleted, queue.messageCount]).toEqual([1, 0, true, 0]);
  expect(queue.enqueue(makeTestMessage(client, { key: "s" }), undefined)).toBe("dropped");

  const again = await client.declareQueue("s", { ...PLAIN_QUEUE, kind: "stream", autoDelete: true });
  new Reader(client, { from: "next" }, new Window()).consumer.cancel();
  expect(again.isDeleted).toBe(true);
});

/** A consumer that holds what it gets until the test settles it. */
class Reader {
  readonly offsets: number[] = [];
  readonly held: Delivery[] = [];
  readonly window: Window;
  readonly consumer: Consumer;
  readonly from: StreamStart;
  /** Messages that had been published when it began. */
  beganAt = 0;

  constructor(client: Client, from: StreamStart, window: Window) {
    this.window = window;
    this.from = from;
    this.consumer = client.consume(
      "s",
      { ...PLAIN_CONSUMER, window: window, start: from },
      {
        deliver: (delivery) => {
          this.offsets.push(delivery.offset ?? -1);
          this.held.push(delivery);
        },
        cancelled: () => undefined,
      },
    );
  }
}

function firstOffset(from: StreamStart, publishedAtMs: readonly number[]): number {
  const { length } = publishedAtMs;
  switch (from.from) {
    case "first":
      return 0;
    case "last":
      return Math.max(0, length - 1);
    case "next":
      return length;
    case "offset":
      return Math.min(from.offset, length);
    case "time": {
      const index = publishedAtMs.findIndex((atMs) => atMs >= from.atMs);
      return index === -1 ? length : index;
    }
  }
}

async function offsetsOf(client: Client): Promise<number[]> {
  const reader = new Reader(client, { from: "first" }, new Window());
  await settled();
  reader.consumer.cancel();
  return reader.offsets;
}

/** The engine in memory answers in microtasks. */
async function settled(rounds = 6): Promise<void> {
  for (let i = 0; i < rounds * 5; i++) await Promise.resolve();
}

const clocks = new WeakMap<Client, FakeClock>();

function pass(client: Client, ms: number): void {
  clocks.get(client)?.advance(ms);
}

async function open(
  options: Partial<QueueOptions>,
  { engine = new RecordEngine(), clock = new FakeClock() } = {},
): Promise<{ client: Client; publish: (text: string) => void; stop: () => void }> {
  const { broker } = await openTestBroker({ engine, clock });
  const client = await connectTestClient(broker);
  clocks.set(client, clock);
  await client.declareQueue("s", { ...PLAIN_QUEUE, kind: "stream", ...options });
  const publish = (text: string): void => void client.publish(makeTestMessage(client, { key: "s", text }));
  return { client, publish, stop: () => broker.timers.stop() };
}
