import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Client, Delivery, Paging } from "@dragoman/core";
import {
  connectTestClient,
  FakeClock,
  makeTestMessage,
  openTestBroker,
  PLAIN_CONSUMER,
  PLAIN_QUEUE,
} from "@dragoman/core/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkDirectory } from "./check.ts";
import { LmdbEngine } from "./lmdb-engine.ts";

const window = { entries: 8, bytes: 2 ** 20 };
/** As if a queue of ten were a long one. */
const paging: Paging = {
  largest: window,
  kept: window,
  ahead: window,
  smallest: window,
  search: window,
  read: window,
};
const COUNT = 1_000;

let directory: string;
let clock: FakeClock;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "dragoman-paging-"));
  clock = new FakeClock();
});
afterEach(() => rmSync(directory, { recursive: true }));

async function open(): Promise<{ readonly client: Client; readonly close: () => Promise<void> }> {
  const { broker } = await openTestBroker({ engine: new LmdbEngine({ directory }), paging, clock });
  return { client: await connectTestClient(broker), close: () => broker.close() };
}

function publish(client: Client, number: number, more: Parameters<typeof makeTestMessage>[2] = {}): void {
  client.publish(makeTestMessage(client, { key: "q", text: String(number) }, { durable: true, ...more }));
}

/** Takes everything out, settling each as it comes. */
async function drain(client: Client): Promise<number[]> {
  const numbers: number[] = [];
  const queue = client.queue("q");
  const all = new Promise<void>((resolve) => {
    const deliver = (delivery: Delivery): void => {
      numbers.push(Number(Buffer.from(delivery.message.body).toString()));
      delivery.settle("accepted");
      if (queue.messageCount === 0) resolve();
    };
    client.consume("q", PLAIN_CONSUMER, { deliver, cancelled: () => undefined });
    if (queue.messageCount === 0) resolve();
  });
  await all;
  return numbers;
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

describe("a queue that is mostly on disk", () => {
  it("gives its messages in order, before and after a restart, and leaves nothing behind", async () => {
    const before = await open();
    await before.client.declareQueue("q", { ...PLAIN_QUEUE, durable: true });
    for (const number of upTo(COUNT)) publish(before.client, number);
    for (let taken = 0; taken < 10; taken++) {
      await before.client.queue("q").whenReadable();
      before.client.get("q")?.settle("accepted");
    }
    await before.close();

    const after = await open();
    expect(after.client.queue("q").messageCount).toBe(COUNT - 10);
    await expect(drain(after.client)).resolves.toEqual(upTo(COUNT).slice(10));
    await after.close();

    await expect(checkDirectory(directory, [])).resolves.toMatchObject({ messages: 0, problems: [] });
  });

  it("gives the higher priority first", async () => {
    const before = await open();
    await before.client.declareQueue("q", { ...PLAIN_QUEUE, durable: true, maxPriority: 3 });
    for (const number of upTo(COUNT)) publish(before.client, number, { priority: number % 4 });
    await before.close();

    const after = await open();
    const want = [3, 2, 1, 0].flatMap((priority) => upTo(COUNT).filter((number) => number % 4 === priority));
    await expect(drain(after.client)).resolves.toEqual(want);
    await after.close();
  });

  it("keeps its order when deliveries come back", async () => {
    const { client, close } = await open();
    await client.declareQueue("q", { ...PLAIN_QUEUE, durable: true });
    for (const number of upTo(COUNT)) publish(client, number);
    const held: Delivery[] = [];
    for (let taken = 0; taken < 100; taken++) {
      await client.queue("q").whenReadable();
      const delivery = client.get("q");
      if (delivery !== undefined) held.push(delivery);
    }
    for (const delivery of held) delivery.settle("released");

    await expect(drain(client)).resolves.toEqual(upTo(COUNT));
    await close();
  });

  it("drops what has expired while the broker was away", async () => {
    const before = await open();
    await before.client.declareQueue("q", { ...PLAIN_QUEUE, durable: true });
    const expiresAtMs = clock.now() + 1_000;
    for (const number of upTo(COUNT)) publish(before.client, number, { expiresAtMs });
    publish(before.client, COUNT + 1);
    await before.close();
    clock.advance(2_000);

    const after = await open();
    await expect(drain(after.client)).resolves.toEqual([COUNT + 1]);
    await after.close();
  });

  it("is empty at once when it is purged, and stays so", async () => {
    const before = await open();
    await before.client.declareQueue("q", { ...PLAIN_QUEUE, durable: true });
    for (const number of upTo(COUNT)) publish(before.client, number);
    await expect(before.client.purgeQueue("q")).resolves.toBe(COUNT);
    publish(before.client, 1);
    await before.close();

    const after = await open();
    await expect(drain(after.client)).resolves.toEqual([1]);
    await after.close();
    await expect(checkDirectory(directory, [])).resolves.toMatchObject({ messages: 0, problems: [] });
  });
});
