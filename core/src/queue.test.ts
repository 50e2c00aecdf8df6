import { describe, expect, test } from "vitest";
import type { Client } from "./client.ts";
import type { ConsumerOptions, ConsumerPort } from "./consumer.ts";
import type { Delivery } from "./delivery.ts";
import type { QueueOptions } from "./queue-options.ts";
import {
  connectTestClient,
  type FakeClock,
  makeTestMessage,
  openTestBroker,
  PLAIN_CONSUMER,
  PLAIN_QUEUE,
} from "./testing/index.ts";
import { Window } from "./window.ts";
import type { Message } from "./message.ts";

class CountingWindow extends Window {
  asked = 0;

  override get closed(): Window | undefined {
    this.asked++;
    return super.closed;
  }
}

describe("consumers", () => {
  test("of equal priority are served in turn, however many there are", async () => {
    const { client, consume } = await open();
    const counts = Array.from({ length: 2_000 }, () => 0);
    const got = counts.map((_, place) =>
      consume({ window: new Window(2) }, () => {
        counts[place] = (counts[place] ?? 0) + 1;
      }),
    );
    expect(got).toHaveLength(2_000);
    for (let i = 0; i < 4_000; i++) client.publish(makeTestMessage(client, { key: "q" }));
    expect(counts.every((count) => count === 2)).toBe(true);
    expect(client.queue("q").messageCount).toBe(0);
  });

  test("sharing one window take turns in it", async () => {
    const { client, consume } = await open();
    const window = new Window(1);
    const order: number[] = [];
    let latest: Delivery | undefined;
    for (const number of [1, 2, 3]) {
      consume({ window: window }, (delivery) => {
        order.push(number);
        latest = delivery;
      });
    }
    for (let i = 0; i < 6; i++) client.publish(makeTestMessage(client, { key: "q" }));
    for (let i = 0; i < 5; i++) latest?.settle("accepted");
    expect(order).toEqual([1, 2, 3, 1, 2, 3]);
  });

  test("sharing one window keep their turns when the queue is empty between two messages", async () => {
    const { client, consume } = await open();
    const window = new Window(2);
    const order: number[] = [];
    const held: Delivery[] = [];
    for (const number of [1, 2, 3, 4, 5]) {
      consume({ window }, (delivery) => {
        order.push(number);
        held.push(delivery);
      });
    }
    for (let i = 0; i < 4; i++) {
      for (let j = 0; j < 3; j++) client.publish(makeTestMessage(client, { key: "q" }));
      while (held.length > 0) held.shift()?.settle("accepted");
    }
    expect(order).toEqual([1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 1, 2]);
  });

  test("sharing one window are not asked each time that it opens or closes, however many there are", async () => {
    const { client, consume } = await open();
    const window = new CountingWindow(10);
    const held: Delivery[] = [];
    for (let i = 0; i < 2_000; i++) consume({ window }, (delivery) => held.push(delivery));
    for (let i = 0; i < 11; i++) client.publish(makeTestMessage(client, { key: "q" }));
    window.asked = 0;
    for (let i = 0; i < 1_000; i++) {
      held.shift()?.settle("accepted");
      client.publish(makeTestMessage(client, { key: "q" }));
    }
    expect(window.asked).toBeLessThan(10_000);
  });

  test("are not asked one by one while a window around theirs is held, and go on when it is let go", async () => {
    const { client, consume } = await open();
    const outer = new CountingWindow();
    let delivered = 0;
    for (let i = 0; i < 2_000; i++) consume({ window: new Window(1, outer) }, () => delivered++);
    outer.hold();
    outer.asked = 0;
    for (let i = 0; i < 100; i++) client.publish(makeTestMessage(client, { key: "q" }));
    expect([delivered, outer.asked < 200]).toEqual([0, true]);
    outer.letGo();
    expect(delivered).toBe(100);
  });

  test("of others are served when a window that was held is let go and still closed", async () => {
    const { client, consume } = await open();
    const outer = new Window();
    const order: string[] = [];
    consume({ window: new Window(1, outer) }, () => order.push("slow"));
    outer.hold();
    client.publish(makeTestMessage(client, { key: "q" }));
    consume({}, () => order.push("other"));
    outer.pause();
    outer.letGo();
    expect(order).toEqual(["other"]);
  });

  test("sharing one window leave nothing behind when they are cancelled while they wait for it", async () => {
    const { client, consume } = await open();
    const window = new Window(1);
    const order: number[] = [];
    const held: Delivery[] = [];
    const consumers = Array.from({ length: 100 }, (_, number) =>
      consume({ window }, (delivery) => {
        order.push(number);
        held.push(delivery);
      }),
    );
    for (let i = 0; i < 3; i++) client.publish(makeTestMessage(client, { key: "q" }));
    for (const consumer of consumers.slice(0, 98)) consumer.cancel();
    while (held.length > 0) held.shift()?.settle("accepted");
    expect(order).toEqual([0, 98, 99]);
    for (const consumer of consumers.slice(98)) consumer.cancel();
    client.publish(makeTestMessage(client, { key: "q" }));
    expect([window.taken, client.queue("q").messageCount]).toEqual([0, 1]);
  });

  test("of higher priority go first while their windows are open; priorities that are gone are forgotten", async () => {
    const { client, consume } = await open();
    const order: string[] = [];
    for (let priority = 5; priority < 50; priority++) consume({ priority }, () => undefined).cancel();
    consume({ priority: 0 }, () => order.push("low"));
    consume({ priority: 9, window: new Window(1) }, () => order.push("high"));
    for (let i = 0; i < 3; i++) client.publish(makeTestMessage(client, { key: "q" }));
    expect(order).toEqual(["high", "low", "low"]);
  });

  test("that come and go while no message does leave no trace", async () => {
    const { client, consume } = await open();
    let delivered = 0;
    consume({}, () => delivered++);
    for (let i = 0; i < 500; i++) consume({}, () => undefined).cancel();
    client.publish(makeTestMessage(client, { key: "q" }));
    const before = consume({}, () => delivered++);
    before.cancel();
    before.cancel();
    client.publish(makeTestMessage(client, { key: "q" }));
    expect([delivered, client.queue("q").consumerCount]).toEqual([2, 1]);
  });

  test("may settle, publish and cancel within a delivery", async () => {
    const { client, consume } = await open();
    let delivered = 0;
    const consumer = consume({ window: new Window(1) }, (delivery) => {
      delivered++;
      if (delivered === 5) consumer.cancel();
      delivery.settle("accepted");
      client.publish(makeTestMessage(client, { key: "q" }));
    });
    client.publish(makeTestMessage(client, { key: "q" }));
    expect([delivered, client.queue("q").messageCount, client.queue("q").unsettledCount]).toEqual([5, 1, 0]);
  });

  test("one active at a time: the next takes over, and what the former holds stays its own", async () => {
    const { client, consume } = await open({ singleActiveConsumer: true });
    const order: string[] = [];
    const held: Delivery[] = [];
    const first = consume({ window: new Window(1) }, (delivery) => {
      order.push("first");
      held.push(delivery);
    });
    consume({}, () => order.push("second"));
    client.publish(makeTestMessage(client, { key: "q" }));
    client.publish(makeTestMessage(client, { key: "q" }));
    expect(order).toEqual(["first"]);
    first.cancel();
    expect(order).toEqual(["first", "second"]);
    held[0]?.settle("accepted");
    expect(client.queue("q").unsettledCount).toBe(1);
  });

  test("that want some messages only leave the others, also expired ones behind the head", async () => {
    const { client, clock, consume } = await open();
    const got: string[] = [];
    client.publish(makeTestMessage(client, { key: "q", text: "unwanted" }));
    client.publish(
      makeTestMessage(client, { key: "q", text: "wanted 1" }, { expiresAtMs: clock.now() + 10 }),
    );
    client.publish(makeTestMessage(client, { key: "q", text: "wanted 2" }));
    clock.advance(10);
    consume({ wants: (message) => textOf(message).startsWith("wanted") }, ({ message }) =>
      got.push(textOf(message)),
    );
    expect(got).toEqual(["wanted 2"]);
    expect(client.queue("q").messageCount).toBe(2);
  });

  test("are not asked anew about messages that they did not want, until something has changed", async () => {
    const { client, consume } = await open();
    const asked: string[] = [];
    const got: string[] = [];
    const publish = (text: string): void => void client.publish(makeTestMessage(client, { key: "q", text }));
    const wants = (message: Message): boolean => {
      asked.push(textOf(message));
      return textOf(message) === "wanted";
    };
    consume({ wants }, ({ message }) => got.push(textOf(message)));
    for (let i = 0; i < 50; i++) publish(`unwanted ${i}`);
    publish("wanted");
    expect(got).toEqual(["wanted"]);
    expect(asked.length).toBeLessThan(110);
    consume({}, ({ message }) => got.push(textOf(message)));

    expect(got).toHaveLength(51);
  });

  test("are told when their queue is deleted, and leave the windows that they waited for", async () => {
    const { client, consume } = await open();
    const window = new Window(0);
    let cancelled = 0;
    const options = { ...PLAIN_CONSUMER, window: window };
    const consumer = client.consume("q", options, { deliver: () => undefined, cancelled: () => cancelled++ });
    consume({ window: window }, () => undefined);
    client.publish(makeTestMessage(client, { key: "q" }));
    await client.deleteQueue("q", { ifUnused: false, ifEmpty: false });
    window.resize(5);
    consumer.cancel();
    expect([cancelled, client.vhost.topology.queues.size]).toEqual([1, 0]);
  });
});

describe("time to live", () => {
  test("of 0 lets a message through to a consumer that is ready, and to nobody later", async () => {
    const { client, consume } = await open({ messageTtlMs: 0 });
    client.publish(makeTestMessage(client, { key: "q" }));
    expect(client.queue("q").messageCount).toBe(0);
    let delivered = 0;
    consume({ window: new Window(1) }, () => delivered++);
    client.publish(makeTestMessage(client, { key: "q" }));
    client.publish(makeTestMessage(client, { key: "q" }));
    expect([delivered, client.vhost.drops.of("expired")]).toEqual([1, 2]);
  });

  test("is the shorter one of the queue's and the message's", async () => {
    const { client, clock } = await open({ messageTtlMs: 100 });
    const nowMs = clock.now();
    client.publish(makeTestMessage(client, { key: "q" }, { expiresAtMs: nowMs + 50 }));
    clock.advance(50);
    expect(client.vhost.drops.of("expired")).toBe(1);
    client.publish(makeTestMessage(client, { key: "q" }, { expiresAtMs: nowMs + 5_000 }));
    clock.advance(100);
    expect(client.vhost.drops.of("expired")).toBe(2);
  });

  test("is looked at again when a message with a nearer deadline becomes the head", async () => {
    const { client, clock, consume } = await open();
    const nowMs = clock.now();
    client.publish(makeTestMessage(client, { key: "q" }, { expiresAtMs: nowMs + 100 }));
    client.publish(makeTestMessage(client, { key: "q" }, { expiresAtMs: nowMs + 10 }));
    consume({ window: new Window(1) }, () => undefined);
    clock.advance(10);
    expect([client.queue("q").messageCount, client.vhost.drops.of("expired")]).toEqual([0, 1]);
  });
});

describe("a limit of bytes", () => {
  const raw = new Uint8Array(1_000);

  test("counts bodies, not properties, and drops the oldest", async () => {
    const { client } = await open({ maxBytes: 8 });
    for (const text of ["1234", "5678", "9"])
      client.publish(makeTestMessage(client, { key: "q", text }, { raw }));
    const queue = client.queue("q");
    expect([queue.messageCount, queue.byteCount]).toEqual([2, 5]);
    expect([queue.get(), queue.get()].map((delivery) => delivery && textOf(delivery.message))).toEqual([
      "5678",
      "9",
    ]);
  });

  test("counts bodies, not properties, and refuses the newest", async () => {
    const { client } = await open({ maxBytes: 8, overflow: "reject-publish" });
    const outcomes = ["1234", "5678", "9", ""].map((text) =>
      client.publish(makeTestMessage(client, { key: "q", text }, { raw })),
    );
    expect(outcomes).toEqual(["routed", "routed", "overflow", "routed"]);
  });
});

describe("a queue's own end", () => {
  test("comes after its last consumer when it is automatic, not before it had one", async () => {
    const { client, clock, consume } = await open({ autoDelete: true });
    clock.advance(1_000_000);
    const consumers = [consume({}, () => undefined), consume({}, () => undefined)];
    consumers[0]?.cancel();
    expect(client.vhost.topology.queues.size).toBe(1);
    consumers[1]?.cancel();
    expect(client.vhost.topology.queues.size).toBe(0);
  });

  test("comes when nobody used it for its time: consuming, getting and declaring are use", async () => {
    const options = { expiresMs: 100 };
    const { client, clock, consume, declare } = await open(options);
    const consumer = consume({}, () => undefined);
    clock.advance(1_000);
    consumer.cancel();
    clock.advance(99);
    client.get("q");
    clock.advance(99);
    await declare(options);
    clock.advance(99);
    expect(client.vhost.topology.queues.size).toBe(1);
    clock.advance(1);
    expect(client.vhost.topology.queues.size).toBe(0);
  });
});

describe("a session's queue", () => {
  test("does not keep what is only worth at-most-once delivery while its client is away", async () => {
    const { client, consume } = await open({ dropsQos0WhenIdle: true });
    const queue = client.queue("q");
    const message = makeTestMessage(client, { key: "q" }, { qos: 0 });
    const atLeastOnce = [{ qos: 1 as const, retainAsPublished: false }];
    const atMostOnce = [{ qos: 0 as const, retainAsPublished: false }];
    expect(queue.enqueue(message, atLeastOnce)).toBe("dropped");
    expect(queue.enqueue(message.with({ qos: 1 }), atMostOnce)).toBe("dropped");
    expect(queue.enqueue(message.with({ qos: 1 }), atLeastOnce)).toBe("taken");
    expect(client.vhost.drops.of("offline")).toBe(2);
    consume({}, () => undefined);
    expect(queue.enqueue(message, atLeastOnce)).toBe("taken");
  });

  test("tells with which subscriptions a message came, without those that exclude its publisher", async () => {
    const { client } = await open();
    const queue = client.queue("q");
    const own = { qos: 1 as const, retainAsPublished: false, noLocalFor: client.publisher.clientId };
    const any = { qos: 0 as const, retainAsPublished: true, id: 3 };
    expect(queue.enqueue(makeTestMessage(client, { key: "q" }), [own])).toBe("dropped");
    queue.enqueue(makeTestMessage(client, { key: "q" }), [own, any]);
    expect(queue.get()?.subscriptions).toEqual([any]);
  });
});

interface Opened {
  readonly client: Client;
  readonly clock: FakeClock;
  declare(options: Partial<QueueOptions>): ReturnType<Client["declareQueue"]>;
  consume(options: Partial<ConsumerOptions>, deliver: ConsumerPort["deliver"]): ReturnType<Client["consume"]>;
}

/** A broker with a queue named q. */
async function open(options: Partial<QueueOptions> = {}): Promise<Opened> {
  const { broker, clock } = await openTestBroker();
  const client = await connectTestClient(broker);
  const declare = (more: Partial<QueueOptions>): ReturnType<Client["declareQueue"]> =>
    client.declareQueue("q", { ...PLAIN_QUEUE, ...more });
  await declare(options);
  return {
    client,
    clock,
    declare,
    consume: (more, deliver) =>
      client.consume("q", { ...PLAIN_CONSUMER, ...more }, { deliver, cancelled: () => undefined }),
  };
}

function textOf({ body }: { readonly body: Uint8Array }): string {
  return Buffer.from(body).toString();
}
