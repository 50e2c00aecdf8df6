import { describe, expect, it } from "vitest";
import { DEFAULT_EXCHANGE, TOPIC_SPACE } from "./address.ts";
import type { Broker } from "./broker.ts";
import type { Client } from "./client.ts";
import { CORE_PROPERTIES } from "./core-properties.ts";
import type { Engine } from "./engine.ts";
import { BrokerError } from "./errors.ts";
import type { Delivery } from "./delivery.ts";
import { MemoryEngine } from "./memory-engine.ts";
import { Message, type MessageFields } from "./message.ts";
import { patternFromKey } from "./pattern.ts";
import type { QueueOptions } from "./queue-options.ts";
import { openTestBroker } from "./testing/index.ts";
import { Window } from "./window.ts";

const plain: QueueOptions = { durable: false, exclusive: false, autoDelete: false };

async function connect(broker: Broker): Promise<Client> {
  return broker.connect({
    credentials: { kind: "anonymous" },
    virtualHost: "/",
    protocol: "core",
    version: "1",
    peer: "test:1",
    isLoopback: true,
  });
}

function message(
  client: Client,
  to: { exchange: string; key: string },
  more: Partial<MessageFields> = {},
): Message {
  return new Message({
    exchange: to.exchange,
    topic: client.vhost.topics.fromKey(to.key),
    body: Buffer.from("body"),
    publisher: client.publisher,
    receivedAtMs: client.vhost.timers.now(),
    durable: false,
    codec: CORE_PROPERTIES,
    raw: new Uint8Array(),
    ...more,
  });
}

describe("a broker", () => {
  it("delivers what is published to the default exchange to the queue of that name", async () => {
    const { broker } = await openTestBroker();
    const client = await connect(broker);
    await client.declareQueue("jobs", plain);

    const outcome = client.publish(message(client, { exchange: DEFAULT_EXCHANGE, key: "jobs" }));

    expect(outcome).toBe("routed");
    expect(client.get("jobs")?.message.topic.key).toBe("jobs");
  });

  it("hands a message on at once to a consumer whose window is open, and waits when it is full", async () => {
    const { broker } = await openTestBroker();
    const client = await connect(broker);
    await client.declareQueue("jobs", plain);
    const got: Delivery[] = [];
    const options = { tag: "c", autoSettle: false, exclusive: false, priority: 0, window: new Window(1) };
    client.consume("jobs", options, {
      deliver: (delivery) => void got.push(delivery),
      cancelled: () => undefined,
    });
    client.publish(message(client, { exchange: DEFAULT_EXCHANGE, key: "jobs" }));
    client.publish(message(client, { exchange: DEFAULT_EXCHANGE, key: "jobs" }));

    expect(got).toHaveLength(1);
    got[0]?.settle("accepted");
    expect(got).toHaveLength(2);
  });

  it("gives a live subscriber what its pattern selects", async () => {
    const { broker } = await openTestBroker();
    const client = await connect(broker);
    const got: string[] = [];
    const subscriber = { deliver: ({ topic }: Message) => void got.push(topic.path) };
    const stop = client.subscribe(TOPIC_SPACE, subscriber, {
      key: "a.*",
      pattern: patternFromKey("a.*"),
    });
    client.publish(message(client, { exchange: TOPIC_SPACE, key: "a.b" }));
    client.publish(message(client, { exchange: TOPIC_SPACE, key: "a.b.c" }));
    stop();
    client.publish(message(client, { exchange: TOPIC_SPACE, key: "a.c" }));

    expect(got).toEqual(["a/b"]);
  });

  it("has durable queues, bindings and messages again after a restart on the same engine", async () => {
    const engine = new MemoryEngine();
    const before = await connect((await openTestBroker({ engine })).broker);
    const queue = await before.declareQueue("kept", { ...plain, durable: true });
    await before.bind(TOPIC_SPACE, { kind: "queue", queue }, { key: "a.#" });
    before.publish(message(before, { exchange: TOPIC_SPACE, key: "a.b" }, { durable: true }));

    const after = await connect((await openTestBroker({ engine })).broker);
    after.publish(message(after, { exchange: TOPIC_SPACE, key: "a.c" }, { durable: true }));

    const paths: string[] = [];
    for await (const { topic } of after.queue("kept").browse()) paths.push(topic.path);
    expect(paths).toEqual(["a/b", "a/c"]);
  });

  it("keeps little in memory when it is told to, and loses nothing by it", async () => {
    const { broker } = await openTestBroker();
    const client = await connect(broker);
    await client.declareQueue("long", { ...plain, durable: true });
    for (let i = 0; i < 200; i++) {
      client.publish(message(client, { exchange: DEFAULT_EXCHANGE, key: "long" }, { durable: true }));
    }
    broker.pageOut();
    expect(client.queue("long").messageCount).toBe(200);
    expect(client.queue("long").purge()).toBe(200);
  });

  it("lets go of routes when it is told to keep little in memory, and finds them again", async () => {
    const { broker } = await openTestBroker();
    const client = await connect(broker);
    const got: string[] = [];
    const subscriber = { deliver: ({ topic }: Message): void => void got.push(topic.path) };
    client.subscribe(TOPIC_SPACE, subscriber, { key: "a.*" });
    const { routes } = client.vhost.exchange(TOPIC_SPACE);
    client.publish(message(client, { exchange: TOPIC_SPACE, key: "a.b" }));
    expect(routes.size).toBe(1);
    broker.pageOut();
    expect(routes.size).toBe(0);
    client.publish(message(client, { exchange: TOPIC_SPACE, key: "a.b" }));

    expect(got).toEqual(["a/b", "a/b"]);
  });

  it("tells who waits that the storage failed, and holds publishers back until it works again", async () => {
    const engine = new FullEngine();
    const { broker } = await openTestBroker({ engine });
    const client = await connect(broker);
    engine.fail();
    expect(broker.pressure.isOn).toBe(true);
    engine.commit();
    expect(broker.pressure.isOn).toBe(false);
    const declared = client.declareQueue("kept", { ...plain, durable: true });
    const [closed, refused] = await Promise.allSettled([broker.close(), declared]);
    expect([closed.status, refused]).toMatchObject(["rejected", { reason: { code: "unavailable" } }]);
  });
});

/** An engine that never commits by itself, and has no room on its disk. */
class FullEngine implements Engine {
  readonly #memory = new MemoryEngine();
  readonly capabilities = this.#memory.capabilities;
  readonly metadata = this.#memory.metadata;
  readonly log = this.#memory.log;
  readonly backplane = undefined;
  readonly gathering = 1;
  readonly committed = 0;
  readonly unusedBytes = 0;
  readonly #committed: ((batch: number) => void)[] = [];
  readonly #failed: ((cause: unknown) => void)[] = [];

  onCommit(listener: (batch: number) => void): void {
    this.#committed.push(listener);
  }

  onFailure(listener: (cause: unknown) => void): void {
    this.#failed.push(listener);
  }

  open(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.reject(new BrokerError("unavailable", "the disk is full"));
  }

  fail(): void {
    for (const listener of this.#failed) listener(new Error("the disk is full"));
  }

  commit(): void {
    for (const listener of this.#committed) listener(this.committed);
  }
}
