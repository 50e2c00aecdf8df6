import { describe, expect, test } from "vitest";
import { TOPIC_SPACE } from "./address.ts";
import type { Client } from "./client.ts";
import { BrokerError, type ErrorCode } from "./errors.ts";
import type { ExchangeOptions } from "./exchange.ts";
import type { Message } from "./message.ts";
import { patternFromKey } from "./pattern.ts";
import type { Subscriber, Subscription } from "./subscription.ts";
import {
  connectTestClient,
  makeTestMessage,
  openTestBroker,
  PLAIN_CONSUMER,
  PLAIN_QUEUE,
} from "./testing/index.ts";

const TOPIC: ExchangeOptions = { type: "topic", durable: false, autoDelete: false, internal: false };
const QUIET = { deliver: () => undefined, cancelled: () => undefined };

describe("exchanges", () => {
  test("declaring one again is no change when all options are alike, and a conflict when one differs", async () => {
    const client = await open();
    await client.declareExchange("e", TOPIC);
    expect(await client.declareExchange("e", { ...TOPIC })).toBe(client.vhost.exchange("e"));
    expect(await codeOf(() => client.declareExchange("e", { ...TOPIC, type: "fanout" }))).toBe("conflict");
    expect(await codeOf(() => client.declareExchange("e", { ...TOPIC, alternate: "other" }))).toBe(
      "conflict",
    );
  });

  test("the standard ones are there and stay there", async () => {
    const client = await open();
    for (const name of ["", "amq.direct", "amq.fanout", "amq.topic", "amq.headers", "amq.match"]) {
      expect(client.vhost.exchange(name).name).toBe(name);
      expect(await codeOf(() => client.deleteExchange(name, false))).toBe("not-authorized");
    }
  });

  test("one that is gone, or never was, is not found; deleting it again does nothing", async () => {
    const client = await open();
    await client.declareExchange("e", TOPIC);
    await client.deleteExchange("e", false);
    await client.deleteExchange("e", false);
    expect(await codeOf(() => client.vhost.exchange("e"))).toBe("not-found");
  });

  test("one in use is not deleted by who asks for an unused one", async () => {
    const client = await open();
    await client.declareExchange("e", TOPIC);
    const stop = client.subscribe("e", { deliver: () => undefined }, { key: "a" });
    expect(await codeOf(() => client.deleteExchange("e", true))).toBe("in-use");
    stop();
    await client.deleteExchange("e", true);
  });

  test("an automatic one goes with its last binding, and takes those that hung on it", async () => {
    const client = await open();
    const upper = await client.declareExchange("upper", { ...TOPIC, autoDelete: true });
    const lower = await client.declareExchange("lower", { ...TOPIC, autoDelete: true });
    await client.bind("upper", { kind: "exchange", exchange: lower }, { key: "#" });
    const queue = await client.declareQueue("q", PLAIN_QUEUE);
    await client.bind("lower", { kind: "queue", queue }, { key: "a" });
    await client.bind("lower", { kind: "queue", queue }, { key: "b" });

    await client.unbind("lower", { kind: "queue", queue }, { key: "a" });
    expect(lower.isDeleted).toBe(false);
    await client.deleteQueue("q", { ifUnused: false, ifEmpty: false });
    expect([lower.isDeleted, upper.isDeleted]).toEqual([true, true]);
  });
});

describe("bindings", () => {
  test("the same binding twice is one, and needs to be unbound once", async () => {
    const client = await open();
    const queue = await client.declareQueue("q", PLAIN_QUEUE);
    const first = await client.bind("amq.direct", { kind: "queue", queue }, { key: "k" });
    expect(await client.bind("amq.direct", { kind: "queue", queue }, { key: "k" })).toBe(first);
    expect(client.vhost.topology.bindingsOf(queue)).toEqual([first]);
    await client.unbind("amq.direct", { kind: "queue", queue }, { key: "k" });
    await client.unbind("amq.direct", { kind: "queue", queue }, { key: "k" });
    expect(client.vhost.topology.bindingsOf(queue)).toEqual([]);
  });

  test("bindings that differ in the headers they ask for are different", async () => {
    const client = await open();
    const queue = await client.declareQueue("q", PLAIN_QUEUE);
    for (const value of ["1", "2"]) {
      const match = { mode: "all" as const, headers: [["h", { type: "text" as const, value }] as const] };
      await client.bind("amq.headers", { kind: "queue", queue }, { key: "", match });
    }
    expect(client.vhost.topology.bindingsOf(queue)).toHaveLength(2);
  });

  test("a subscription that takes another's place gets everything, and is not ended by the other's end", async () => {
    const client = await open();
    const got: (readonly Subscription[])[] = [];
    const subscriber: Subscriber = { deliver: (_, subscriptions) => void got.push(subscriptions) };
    const spec = { key: "a", pattern: patternFromKey("a") };
    const first: Subscription = { qos: 0, retainAsPublished: false };
    const second: Subscription = { qos: 1, retainAsPublished: true, id: 7 };
    const stopFirst = client.subscribe(TOPIC_SPACE, subscriber, { ...spec, subscription: first });
    const stopSecond = client.subscribe(TOPIC_SPACE, subscriber, { ...spec, subscription: second });

    client.publish(makeTestMessage(client, { exchange: TOPIC_SPACE, key: "a" }));
    stopFirst();
    expect(client.vhost.exchange(TOPIC_SPACE).outgoing.size).toBe(1);
    client.publish(makeTestMessage(client, { exchange: TOPIC_SPACE, key: "a" }));
    stopSecond();
    client.publish(makeTestMessage(client, { exchange: TOPIC_SPACE, key: "a" }));
    expect(got).toEqual([[second], [second]]);
  });

  test("nothing is bound to what was deleted, though another has its name now", async () => {
    const client = await open();
    const old = await client.declareQueue("q", PLAIN_QUEUE);
    await client.deleteQueue("q", { ifUnused: false, ifEmpty: false });
    await client.declareQueue("q", PLAIN_QUEUE);
    expect(await codeOf(() => client.bind(TOPIC_SPACE, { kind: "queue", queue: old }, { key: "a" }))).toBe(
      "not-found",
    );

    const exchange = await client.declareExchange("e", TOPIC);
    await client.deleteExchange("e", false);
    await client.declareExchange("e", TOPIC);
    expect(await codeOf(() => client.bind(TOPIC_SPACE, { kind: "exchange", exchange }, { key: "a" }))).toBe(
      "not-found",
    );
    expect(
      await codeOf(() => client.vhost.topology.bind(exchange, { kind: "exchange", exchange }, { key: "" })),
    ).toBe("not-found");
  });

  test("routes to what has ended are let go at once", async () => {
    const client = await open();
    const queue = await client.declareQueue("q", PLAIN_QUEUE);
    await client.bind(TOPIC_SPACE, { kind: "queue", queue }, { key: "a" });
    client.publish(makeTestMessage(client, { exchange: TOPIC_SPACE, key: "a" }));
    expect(client.vhost.exchange(TOPIC_SPACE).routes.size).toBe(1);
    await client.deleteQueue("q", { ifUnused: false, ifEmpty: false });
    expect(client.vhost.exchange(TOPIC_SPACE).routes.size).toBe(0);
  });
});

describe("a session's queue", () => {
  test("gets a message once, with every subscription that selects it", async () => {
    const client = await open();
    const queue = await client.declareQueue("q", PLAIN_QUEUE);
    const one: Subscription = { qos: 0, retainAsPublished: false, id: 1 };
    const other: Subscription = { qos: 1, retainAsPublished: false, id: 2 };
    await client.bind(TOPIC_SPACE, { kind: "queue", queue }, { key: "a.#", subscription: one });
    await client.bind(TOPIC_SPACE, { kind: "queue", queue }, { key: "#", subscription: other });
    client.publish(makeTestMessage(client, { exchange: TOPIC_SPACE, key: "a" }));

    const delivery = client.get("q");
    expect(new Set(delivery?.subscriptions)).toEqual(new Set([one, other]));
    expect(client.get("q")).toBeUndefined();
  });

  test("gets its own client's messages by an ordinary binding, though its subscription excludes them", async () => {
    const client = await open();
    const queue = await client.declareQueue("q", PLAIN_QUEUE);
    const noLocalFor = client.publisher.clientId;
    const subscription: Subscription = { qos: 1, retainAsPublished: false, noLocalFor };
    await client.bind(TOPIC_SPACE, { kind: "queue", queue }, { key: "a", subscription });
    client.publish(makeTestMessage(client, { exchange: TOPIC_SPACE, key: "a" }));
    expect(queue.messageCount).toBe(0);
    await client.bind(TOPIC_SPACE, { kind: "queue", queue }, { key: "#" });
    client.publish(makeTestMessage(client, { exchange: TOPIC_SPACE, key: "a" }));
    expect(queue.messageCount).toBe(1);
  });

  test("is no exception: a live subscriber too gets a message once, with all its subscriptions", async () => {
    const client = await open();
    const got: number[] = [];
    const subscriber: Subscriber = { deliver: (_, { length }) => void got.push(length) };
    client.subscribe(TOPIC_SPACE, subscriber, { key: "a" });
    client.subscribe(TOPIC_SPACE, subscriber, { key: "#" });
    client.publish(makeTestMessage(client, { exchange: TOPIC_SPACE, key: "a" }));
    expect(got).toEqual([2]);
  });
});

describe("receivers that change the topology while they receive", () => {
  test("a subscriber that another one ends does not get the message any more", async () => {
    const client = await open();
    const got: string[] = [];
    let stopSecond: (() => void) | undefined;
    client.subscribe(
      TOPIC_SPACE,
      {
        deliver() {
          got.push("first");
          stopSecond?.();
        },
      },
      { key: "a" },
    );
    stopSecond = client.subscribe(TOPIC_SPACE, { deliver: () => void got.push("second") }, { key: "a" });
    client.subscribe(TOPIC_SPACE, { deliver: () => void got.push("third") }, { key: "a" });

    client.publish(makeTestMessage(client, { exchange: TOPIC_SPACE, key: "a" }));
    client.publish(makeTestMessage(client, { exchange: TOPIC_SPACE, key: "a" }));
    expect(got).toEqual(["first", "third", "first", "third"]);
  });

  test("a consumer whose cancelling deletes its queue ends the handing over", async () => {
    const client = await open();
    await client.declareQueue("q", { ...PLAIN_QUEUE, autoDelete: true });
    for (let i = 0; i < 3; i++) client.publish(makeTestMessage(client, { key: "q" }));
    const got: Message[] = [];
    // The first message is handed over before `consume` returns, so the second round cancels.
    const consumer = client.consume("q", PLAIN_CONSUMER, QUIET);
    consumer.cancel();
    expect(await codeOf(() => client.queue("q"))).toBe("not-found");

    await client.declareQueue("q", { ...PLAIN_QUEUE, autoDelete: true });
    const second = client.consume("q", PLAIN_CONSUMER, {
      deliver({ message }) {
        got.push(message);
        second.cancel();
      },
      cancelled: () => got.splice(0),
    });
    client.publish(makeTestMessage(client, { key: "q" }));
    client.publish(makeTestMessage(client, { key: "q" }));
    expect(got).toHaveLength(1);
    expect(await codeOf(() => client.queue("q"))).toBe("not-found");
  });

  test("a queue deleted within a delivery gives nothing more, and its deliveries free their windows", async () => {
    const client = await open();
    const queue = await client.declareQueue("q", PLAIN_QUEUE);
    for (let i = 0; i < 3; i++) client.publish(makeTestMessage(client, { key: "q" }));
    let cancelled = 0;
    let delivered = 0;
    client.consume("q", PLAIN_CONSUMER, {
      deliver(delivery) {
        delivered++;
        client.vhost.removeQueue(queue);
        delivery.settle("released");
      },
      cancelled: () => cancelled++,
    });
    expect([delivered, cancelled, queue.messageCount, queue.unsettledCount]).toEqual([1, 1, 0, 0]);
    expect(queue.enqueue(makeTestMessage(client, { key: "q" }), undefined)).toBe("dropped");
  });
});

async function open(): Promise<Client> {
  return connectTestClient((await openTestBroker()).broker);
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
