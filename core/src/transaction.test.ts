import { expect, test } from "vitest";
import type { Client } from "./client.ts";
import { BrokerError } from "./errors.ts";
import type { Receipts } from "./ledger.ts";
import {
  connectTestClient,
  makeTestMessage,
  openTestBroker,
  PLAIN_CONSUMER,
  PLAIN_QUEUE,
} from "./testing/index.ts";

test("nothing happens before the commit, and everything with it", async () => {
  const { client, receipts, told } = await open();
  client.publish(makeTestMessage(client, { key: "q", text: "before" }));
  const delivery = client.get("q");
  const transaction = client.begin();
  transaction.publish(makeTestMessage(client, { key: "q", text: "within" }));
  transaction.publish(makeTestMessage(client, { key: "nowhere", text: "lost" }));
  if (delivery !== undefined) transaction.settle(delivery, "accepted");
  expect([client.queue("q").messageCount, client.queue("q").unsettledCount]).toEqual([0, 1]);

  expect(transaction.commit(receipts, 5)).toEqual(["routed", "unroutable"]);
  expect([client.queue("q").messageCount, client.queue("q").unsettledCount]).toEqual([1, 0]);
  expect(told).toEqual(["5 routed"]);
  expect(transaction.commit(receipts, 6)).toEqual([]);
});

test("the time to live of a message begins with the commit", async () => {
  const { client, receipts } = await open();
  const { timers } = client.vhost;
  const receivedAtMs = timers.now() - 60_000;
  const transaction = client.begin();
  transaction.publish(
    makeTestMessage(client, { key: "q" }, { receivedAtMs, expiresAtMs: receivedAtMs + 1_000 }),
  );
  transaction.commit(receipts, 1);

  expect(client.get("q")?.message.expiresAtMs).toBe(timers.now() + 1_000);
});

test("so does its delay", async () => {
  const { client, receipts } = await open();
  const { delayed, timers } = client.vhost;
  const transaction = client.begin();
  const times = { receivedAtMs: timers.now() - 60_000, delayMs: 1_000 };
  transaction.publish(makeTestMessage(client, { key: "q" }, times));
  transaction.commit(receipts, 1);

  expect([delayed.count, client.queue("q").messageCount]).toEqual([1, 0]);
});

test("nothing at all happens after a rollback; deliveries stay with who holds them", async () => {
  const { client, receipts } = await open();
  client.publish(makeTestMessage(client, { key: "q" }));
  const delivery = client.get("q");
  const transaction = client.begin();
  transaction.publish(makeTestMessage(client, { key: "q" }));
  if (delivery !== undefined) transaction.settle(delivery, "rejected");
  transaction.rollback();
  transaction.commit(receipts, 1);
  expect([client.queue("q").messageCount, client.queue("q").unsettledCount]).toEqual([0, 1]);
});

test("a commit that cannot do everything does nothing", async () => {
  const { client, receipts } = await open();
  await client.declareExchange("e", { type: "fanout", durable: false, autoDelete: false, internal: false });
  const transaction = client.begin();
  transaction.publish(makeTestMessage(client, { key: "q" }));
  transaction.publish(makeTestMessage(client, { exchange: "e", key: "" }));
  expect(() => transaction.publish(makeTestMessage(client, { exchange: "none", key: "" }))).toThrow(
    BrokerError,
  );
  await client.deleteExchange("e", false);

  expect(() => transaction.commit(receipts, 1)).toThrow(BrokerError);
  expect(client.queue("q").messageCount).toBe(0);
});

test("an exchange that goes while the commit is under way does not stop it half-way", async () => {
  const { client, receipts } = await open();
  await client.declareExchange("e", { type: "fanout", durable: false, autoDelete: true, internal: false });
  const queue = await client.declareQueue("brief", { ...PLAIN_QUEUE, autoDelete: true });
  await client.bind("e", { kind: "queue", queue }, { key: "" });
  const consumer = client.consume("brief", PLAIN_CONSUMER, {
    deliver: () => consumer.cancel(),
    cancelled: () => undefined,
  });
  const transaction = client.begin();
  transaction.publish(makeTestMessage(client, { exchange: "e", key: "" }));
  transaction.publish(makeTestMessage(client, { exchange: "e", key: "" }));
  transaction.publish(makeTestMessage(client, { key: "q" }));

  expect(transaction.commit(receipts, 1)).toEqual(["routed", "unroutable", "routed"]);
});

async function open(): Promise<{ client: Client; receipts: Receipts; told: string[] }> {
  const client = await connectTestClient((await openTestBroker()).broker);
  await client.declareQueue("q", PLAIN_QUEUE);
  const told: string[] = [];
  const receipts = client.openReceipts({ accepted: (tag, outcome) => void told.push(`${tag} ${outcome}`) });
  return { client, receipts, told };
}
