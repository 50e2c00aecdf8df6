import { expect, test } from "vitest";
import { DEFAULT_EXCHANGE, TOPIC_REPLY_PREFIX, TOPIC_SPACE } from "./address.ts";
import type { Message } from "./message.ts";
import { makePattern, MANY, patternFromKey } from "./pattern.ts";
import { connectTestClient, makeTestMessage, openTestBroker } from "./testing/index.ts";

const PLAIN_QUEUE = { durable: false, exclusive: false, autoDelete: false };

test("a copy carries the topic that it was routed by, and an identity of its own", async () => {
  const client = await connectTestClient((await openTestBroker()).broker);
  for (const key of ["main", "copy"]) {
    const queue = await client.declareQueue(key, PLAIN_QUEUE);
    await client.bind(TOPIC_SPACE, { kind: "queue", queue }, { key });
  }
  const copies = [client.vhost.topics.fromKey("copy")];
  client.publish(makeTestMessage(client, { exchange: TOPIC_SPACE, key: "main" }, { copies }));

  const main = client.get("main")?.message;
  const copy = client.get("copy")?.message;

  expect([main?.topic.key, copy?.topic.key]).toEqual(["main", "copy"]);
  expect(main?.id).not.toBe(copy?.id);
});

test("an answer to the queue that stands for a topic is a message of that topic", async () => {
  const client = await connectTestClient((await openTestBroker()).broker);
  const got: Message[] = [];
  client.subscribe(TOPIC_SPACE, { deliver: (message) => void got.push(message) }, { key: "answers.#" });

  client.publish(
    makeTestMessage(client, { exchange: DEFAULT_EXCHANGE, key: `${TOPIC_REPLY_PREFIX}answers.1` }),
  );

  expect(got.map(({ exchange, topic }) => [exchange, topic.path])).toEqual([[TOPIC_SPACE, "answers/1"]]);
});

test("what the broker announces reaches those to whom its topic is reserved, by name, and is there for later ones", async () => {
  const client = await connectTestClient((await openTestBroker()).broker);
  const got: string[] = [];
  const byName = makePattern(["$SYS", MANY], true);
  for (const pattern of [byName, makePattern([MANY], true), patternFromKey("#"), patternFromKey("$SYS.#")]) {
    client.subscribe(TOPIC_SPACE, { deliver: () => void got.push(pattern.id) }, { key: pattern.id, pattern });
  }
  const message = makeTestMessage(client, { exchange: TOPIC_SPACE, key: "$SYS.uptime" }, { retain: true });
  client.vhost.announce(message);

  expect(got).toEqual([byName.id]);
  expect(client.vhost.retained.match(patternFromKey("#"))).toEqual([]);
  expect(client.vhost.retained.match(makePattern(["$SYS", "uptime"], true))).toEqual([message]);
});
