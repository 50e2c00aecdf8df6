import { describe, expect, test } from "vitest";
import { DEFAULT_EXCHANGE, TOPIC_REPLY_PREFIX, TOPIC_SPACE } from "./address.ts";
import { type Authority, OPEN_AUTHORITY } from "./authority.ts";
import type { Client } from "./client.ts";
import { BrokerError, type ErrorCode } from "./errors.ts";
import {
  connectTestClient,
  makeTestMessage,
  openTestBroker,
  PLAIN_CONSUMER,
  PLAIN_QUEUE,
} from "./testing/index.ts";

const QUIET = { deliver: () => undefined, cancelled: () => undefined };
const FANOUT = { type: "fanout", durable: false, autoDelete: false, internal: false } as const;

describe("exclusive queues", () => {
  test("another connection may neither declare, use nor delete one", async () => {
    const { broker } = await openTestBroker();
    const owner = await connectTestClient(broker);
    const other = await connectTestClient(broker);
    await owner.declareQueue("mine", { ...PLAIN_QUEUE, exclusive: true });

    expect(await codeOf(() => other.declareQueue("mine", { ...PLAIN_QUEUE, exclusive: true }))).toBe(
      "locked",
    );
    expect(await codeOf(() => other.consume("mine", PLAIN_CONSUMER, QUIET))).toBe("locked");
    expect(await codeOf(() => other.deleteQueue("mine", { ifUnused: false, ifEmpty: false }))).toBe("locked");
    expect(await owner.declareQueue("mine", { ...PLAIN_QUEUE, exclusive: true })).toBe(owner.queue("mine"));
  });

  test("they end with their connection, and leave nothing in the log though they are durable", async () => {
    const { broker } = await openTestBroker();
    const owner = await connectTestClient(broker);
    const other = await connectTestClient(broker);
    const queue = await owner.declareQueue("mine", { ...PLAIN_QUEUE, durable: true, exclusive: true });
    expect(queue.enqueue(makeTestMessage(owner, { key: "mine" }, { durable: true }), undefined)).toBe(
      "taken",
    );
    owner.close();

    expect(queue.isDeleted).toBe(true);
    expect(broker.clients.has(owner)).toBe(false);
    await other.declareQueue("mine", PLAIN_QUEUE);
  });

  test("one that ended before its connection does not end another of its name", async () => {
    const { broker } = await openTestBroker();
    const owner = await connectTestClient(broker);
    const other = await connectTestClient(broker);
    await owner.declareQueue("name", { ...PLAIN_QUEUE, exclusive: true });
    await owner.deleteQueue("name", { ifUnused: true, ifEmpty: true });
    const shared = await other.declareQueue("name", PLAIN_QUEUE);
    owner.close();
    expect(shared.isDeleted).toBe(false);
  });
});

describe("queues", () => {
  test("declaring one again is no change when all options are alike, and a conflict when one differs", async () => {
    const { broker } = await openTestBroker();
    const client = await connectTestClient(broker);
    const deadLetter = { exchange: "dead", key: "k" };
    const queue = await client.declareQueue("q", { ...PLAIN_QUEUE, maxLength: 5, deadLetter });
    expect(
      await client.declareQueue("q", { ...PLAIN_QUEUE, maxLength: 5, deadLetter: { ...deadLetter } }),
    ).toBe(queue);
    expect(await codeOf(() => client.declareQueue("q", { ...PLAIN_QUEUE, maxLength: 6, deadLetter }))).toBe(
      "conflict",
    );
    expect(await codeOf(() => client.declareQueue("q", { ...PLAIN_QUEUE, maxLength: 5 }))).toBe("conflict");
  });

  test("one is deleted only under the conditions asked for", async () => {
    const { broker } = await openTestBroker();
    const client = await connectTestClient(broker);
    await client.declareQueue("q", PLAIN_QUEUE);
    client.publish(makeTestMessage(client, { key: "q" }));
    expect(await codeOf(() => client.deleteQueue("q", { ifUnused: false, ifEmpty: true }))).toBe("not-empty");
    const consumer = client.consume("q", { ...PLAIN_CONSUMER, wants: () => false }, QUIET);
    expect(await codeOf(() => client.deleteQueue("q", { ifUnused: true, ifEmpty: false }))).toBe("in-use");
    consumer.cancel();
    expect(await client.deleteQueue("q", { ifUnused: true, ifEmpty: false })).toBe(1);
    expect(await codeOf(() => client.get("q"))).toBe("not-found");
  });

  test("purging counts what it drops", async () => {
    const { broker } = await openTestBroker();
    const client = await connectTestClient(broker);
    await client.declareQueue("q", PLAIN_QUEUE);
    for (let i = 0; i < 3; i++) client.publish(makeTestMessage(client, { key: "q" }));
    expect(await client.purgeQueue("q")).toBe(3);
    expect(broker.drops.of("purged")).toBe(3);
  });
});

describe("permissions", () => {
  test("nothing is done that the authority does not allow", async () => {
    const client = await openUnder({ ...OPEN_AUTHORITY, allows: () => false });
    const queue = client.vhost.topology.declareQueue("q", PLAIN_QUEUE, undefined);
    const exchange = client.vhost.topology.declareExchange("e", FANOUT);

    const denied: readonly (() => unknown)[] = [
      () => client.declareExchange("x", FANOUT),
      () => client.deleteExchange("e", false),
      () => client.declareQueue("x", PLAIN_QUEUE),
      () => client.deleteQueue("q", { ifUnused: false, ifEmpty: false }),
      () => client.purgeQueue("q"),
      () => client.bind("e", { kind: "queue", queue }, { key: "" }),
      () => client.bind("e", { kind: "exchange", exchange }, { key: "" }),
      () => client.unbind("e", { kind: "queue", queue }, { key: "" }),
      () => client.subscribe(TOPIC_SPACE, { deliver: () => undefined }, { key: "a" }),
      () => client.consume("q", PLAIN_CONSUMER, QUIET),
      () => client.get("q"),
      () => client.publish(makeTestMessage(client, { key: "q" })),
      () => client.begin().publish(makeTestMessage(client, { key: "q" })),
    ];
    for (const act of denied) expect(await codeOf(act)).toBe("not-authorized");
    expect(client.vhost.drops.of("not-authorized")).toBe(2);
  });

  test("binding is configuring its destination, queue or exchange", async () => {
    const client = await openUnder({ ...OPEN_AUTHORITY, allows: (_, action) => action !== "configure" });
    const queue = client.vhost.topology.declareQueue("q", PLAIN_QUEUE, undefined);
    const exchange = client.vhost.topology.declareExchange("e", FANOUT);
    expect(await codeOf(() => client.bind("e", { kind: "queue", queue }, { key: "" }))).toBe(
      "not-authorized",
    );
    expect(await codeOf(() => client.bind("e", { kind: "exchange", exchange }, { key: "" }))).toBe(
      "not-authorized",
    );
  });

  test("topics are asked for by their paths, queues by their names, mailboxes not at all", async () => {
    const asked: string[] = [];
    const client = await openUnder({
      ...OPEN_AUTHORITY,
      allows(_, action, { kind, name }) {
        asked.push(`${action} ${kind} ${name}`);
        return true;
      },
    });
    client.publish(makeTestMessage(client, { exchange: TOPIC_SPACE, key: "a/1.b" }));
    client.publish(makeTestMessage(client, { exchange: DEFAULT_EXCHANGE, key: `${TOPIC_REPLY_PREFIX}a.b` }));
    client.subscribe(TOPIC_SPACE, { deliver: () => undefined }, { key: "a.*" });
    client.subscribe("amq.fanout", { deliver: () => undefined }, { key: "" });
    await client.declareQueue("q", { durable: false, exclusive: false, autoDelete: false });
    client.publish(makeTestMessage(client, { key: "q" }));
    client.publish(makeTestMessage(client, { key: "nobody" }));

    expect(asked).toEqual([
      "publish topic a.1/b",
      "publish topic a/b",
      "subscribe topic a/*",
      "subscribe exchange amq.fanout",
      "configure queue q",
      "publish queue q",
    ]);
  });

  test("every topic that a message goes to is asked for", async () => {
    const client = await openUnder({
      ...OPEN_AUTHORITY,
      allows: (_, _action, { name }) => name !== "secret",
    });
    const copies = [client.vhost.topics.fromKey("open"), client.vhost.topics.fromKey("secret")];
    const message = makeTestMessage(client, { exchange: TOPIC_SPACE, key: "a" }, { copies });
    expect(await codeOf(() => client.publish(message))).toBe("not-authorized");
  });

  test("nobody publishes to an internal exchange", async () => {
    const client = await openUnder(OPEN_AUTHORITY);
    await client.declareExchange("inner", { ...FANOUT, internal: true });
    expect(await codeOf(() => client.publish(makeTestMessage(client, { exchange: "inner", key: "" })))).toBe(
      "not-authorized",
    );
  });

  test("who cannot prove who it is learns nothing of virtual hosts", async () => {
    const { broker } = await openTestBroker({
      authority: {
        ...OPEN_AUTHORITY,
        connect: () => Promise.reject(new BrokerError("bad-credentials", "no such user")),
      },
    });
    const request = { protocol: "core", version: "1", peer: "test:1", isLoopback: true };
    expect(
      await codeOf(() =>
        broker.connect({ ...request, credentials: { kind: "anonymous" }, virtualHost: "none" }),
      ),
    ).toBe("bad-credentials");
    expect(
      await OPEN_AUTHORITY.connect({ kind: "password", user: "u", password: new Uint8Array() }, "/", {
        ...request,
      }),
    ).toEqual({ user: "u" });
  });
});

describe("replies", () => {
  test("a reply to the name of a topic reaches the topic's subscribers", async () => {
    const client = await openUnder(OPEN_AUTHORITY);
    const got: string[] = [];
    client.subscribe(TOPIC_SPACE, { deliver: ({ topic }) => void got.push(topic.key) }, { key: "answers.#" });
    const outcome = client.publish(makeTestMessage(client, { key: `${TOPIC_REPLY_PREFIX}answers.1` }));
    expect([outcome, got.length]).toEqual(["routed", 1]);
    expect(client.publish(makeTestMessage(client, { key: "answers.1" }))).toBe("unroutable");
    expect(client.vhost.drops.of("unroutable")).toBe(1);
  });

  test("a mailbox is a name in the default exchange", async () => {
    const client = await openUnder(OPEN_AUTHORITY);
    let got = 0;
    const close = client.vhost.openMailbox("box", { deliver: () => void got++ });
    client.publish(makeTestMessage(client, { key: "box" }));
    close();
    expect(client.publish(makeTestMessage(client, { key: "box" }))).toBe("unroutable");
    expect(got).toBe(1);
  });

  test("a message to several topics reaches each queue and subscriber once", async () => {
    const client = await openUnder(OPEN_AUTHORITY);
    const queue = await client.declareQueue("q", PLAIN_QUEUE);
    const other = await client.declareQueue("other", PLAIN_QUEUE);
    await client.bind(TOPIC_SPACE, { kind: "queue", queue }, { key: "a" });
    await client.bind(TOPIC_SPACE, { kind: "queue", queue }, { key: "b" });
    await client.bind(TOPIC_SPACE, { kind: "queue", queue: other }, { key: "b" });
    let got = 0;
    client.subscribe(TOPIC_SPACE, { deliver: () => void got++ }, { key: "#" });
    const copies = [client.vhost.topics.fromKey("b")];
    client.publish(makeTestMessage(client, { exchange: TOPIC_SPACE, key: "a" }, { copies }));
    expect([queue.messageCount, other.messageCount, got]).toEqual([1, 1, 1]);
  });
});

async function openUnder(authority: Authority): Promise<Client> {
  return connectTestClient((await openTestBroker({ authority })).broker);
}

/** The code of the error that this ends in; undefined when it ends well. */
async function codeOf(act: () => unknown): Promise<ErrorCode | undefined> {
  try {
    await act();
    return undefined;
  } catch (error) {
    if (error instanceof BrokerError) return error.code;
    throw error;
  }
}
