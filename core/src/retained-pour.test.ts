import { expect, test } from "vitest";
import { TOPIC_SPACE } from "./address.ts";
import type { Client } from "./client.ts";
import { BrokerError } from "./errors.ts";
import type { Queue } from "./queue.ts";
import { connectTestClient, makeTestMessage, openTestBroker, PLAIN_QUEUE } from "./testing/index.ts";

/** More than one turn of the loop reads. */
const keys = Array.from({ length: 2_500 }, (_, index) => `t.${index}`);
const everything = { key: "#" };

async function setUp() {
  const { broker, clock } = await openTestBroker();
  const client = await connectTestClient(broker);
  const queue = await client.declareQueue("q", PLAIN_QUEUE);
  for (const key of keys) publish(client, key, "retained", true);
  return { client, clock, queue };
}

function publish(client: Client, key: string, text: string, retain: boolean): void {
  client.publish(makeTestMessage(client, { exchange: TOPIC_SPACE, key, text }, { retain }));
}

async function contentOf(queue: Queue): Promise<readonly (readonly [key: string, text: string])[]> {
  const content: (readonly [string, string])[] = [];
  for await (const { topic, body } of queue.browse()) content.push([topic.key, Buffer.from(body).toString()]);
  return content;
}

test("a queue gets all that is retained, in portions, then what is published later, and the last of each topic meanwhile", async () => {
  const { client, clock, queue } = await setUp();
  const bound = client.bindAfterRetained(TOPIC_SPACE, everything, {
    queue,
    subscriptions: undefined,
    isWanted: () => true,
  });
  const early = await contentOf(queue);
  expect(early.length).toBeGreaterThan(0);
  expect(early.length).toBeLessThan(keys.length);
  const [seen = ""] = early[0] ?? [];
  const [unseen = "", cleared = ""] = keys.filter((key) => !early.some(([known]) => known === key));
  for (const key of [seen, unseen]) publish(client, key, "new", true);
  publish(client, cleared, "", true);
  publish(client, unseen, "not for the queue yet", false);
  for (let turn = 0; turn < 100; turn++) {
    clock.advance(1);
    await Promise.resolve();
  }
  await bound;
  publish(client, seen, "live", false);

  const content = await contentOf(queue);
  const of = (key: string): readonly string[] =>
    content.flatMap(([known, text]) => (known === key ? [text] : []));
  expect(content).toHaveLength(keys.length + 1);
  expect([of(seen), of(unseen), of(cleared)]).toEqual([["retained", "new", "live"], ["new"], []]);
});

test("it gets no more when nobody waits for it", async () => {
  const { client, clock, queue } = await setUp();
  let isWanted = true;
  const target = { queue, subscriptions: undefined, isWanted: () => isWanted };
  const bound = client.bindAfterRetained(TOPIC_SPACE, everything, target);
  const { messageCount } = queue;
  isWanted = false;
  clock.advance(1);

  await expect(bound).rejects.toThrow(BrokerError);
  expect(queue.messageCount).toBe(messageCount);
  publish(client, "t.1", "live", false);
  expect(queue.messageCount).toBe(messageCount);
});
