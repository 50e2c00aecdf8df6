// oxlint-disable vitest/no-standalone-expect -- the model below asserts on behalf of the one test
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Client } from "./client.ts";
import type { Consumer } from "./consumer.ts";
import type { Delivery, Settlement } from "./delivery.ts";
import { BrokerError } from "./errors.ts";
import type { DeathReason, Message } from "./message.ts";
import { type QueueCommand, queueCommands, queueOptions } from "./queue.arbitraries.ts";
import { type Paging, STANDARD_PAGING } from "./paging.ts";
import type { QueueOptions } from "./queue-options.ts";
import {
  connectTestClient,
  type FakeClock,
  makeTestMessage,
  openTestBroker,
  PLAIN_CONSUMER,
} from "./testing/index.ts";
import { Window } from "./window.ts";

/** As if a queue of two were a long one. */
const tiny: Paging = {
  largest: { entries: 1, bytes: 3 },
  kept: { entries: 1, bytes: 3 },
  ahead: { entries: 1, bytes: 3 },
  smallest: { entries: 1, bytes: 1 },
  search: { entries: 100, bytes: 100 },
  read: { entries: 2, bytes: 5 },
};

test.each([
  ["in memory", STANDARD_PAGING],
  ["that is mostly in the log", tiny],
])("no message is lost, doubled or out of turn, whatever is done to a queue %s", async (_name, paging) => {
  await fc.assert(
    fc.asyncProperty(queueOptions, queueCommands, async (options, commands) => {
      const durable = options.durable || paging === tiny;
      const run = await QueueRun.open({ ...options, durable }, paging);
      for (const command of commands) await run.do(command);
      await run.settleAll();
    }),
    { numRuns: 400 },
  );
});

interface Entry {
  readonly number: number;
  readonly lane: number;
  readonly size: number;
  readonly isRed: boolean;
  readonly expiresAtMs: number;
  deliveryCount: number;
}

interface Held {
  readonly entry: Entry;
  readonly delivery: Delivery;
  readonly by: TestConsumer | undefined;
}

interface TestConsumer {
  readonly consumer: () => Consumer | undefined;
  readonly own: Window;
  readonly command: Extract<QueueCommand, { type: "consume" }>;
  isCancelled: boolean;
}

/** The queue, and beside it a list that anybody can check by hand. */
class QueueRun {
  readonly #client: Client;
  readonly #clock: FakeClock;
  readonly #options: QueueOptions;
  readonly #shared = new Window();
  /** Of those that share their limit too. */
  readonly #group = new Window(2, this.#shared);
  #ready: Entry[] = [];
  #held: Held[] = [];
  #consumers: TestConsumer[] = [];
  #published = 0;
  #finished = 0;
  #arriving: Entry | undefined;
  /** Deaths that a settlement is about to cause. */
  #expected: DeathReason | undefined;
  #isPaused = false;

  constructor(client: Client, clock: FakeClock, options: QueueOptions) {
    this.#client = client;
    this.#clock = clock;
    this.#options = options;
  }

  static async open(options: QueueOptions, paging: Paging): Promise<QueueRun> {
    const { broker, clock } = await openTestBroker({ paging });
    const client = await connectTestClient(broker);
    await client.declareExchange("dead", {
      type: "fanout",
      durable: false,
      autoDelete: false,
      internal: false,
    });
    await client.declareQueue("q", options);
    const run = new QueueRun(client, clock, options);
    client.subscribe("dead", { deliver: (message) => run.#died(message) }, { key: "" });
    return run;
  }

  async do(command: QueueCommand): Promise<void> {
    switch (command.type) {
      case "publish":
        this.#publish(command);
        break;
      case "consume":
        this.#consume(command);
        break;
      case "cancel": {
        const consumer = this.#consumers[command.place % this.#consumers.length];
        if (consumer === undefined) break;
        consumer.isCancelled = true;
        this.#consumers = this.#consumers.filter((other) => other !== consumer);
        consumer.consumer()?.cancel();
        break;
      }
      case "settle":
        this.#settle(this.#held[command.place % this.#held.length], command.settlement);
        break;
      case "get":
        this.#get();
        break;
      case "purge":
        this.#expireNow();
        expect(this.#queue.purge()).toBe(this.#ready.length);
        this.#finished += this.#ready.length;
        this.#ready = [];
        break;
      case "pass":
        this.#clock.advance(command.ms);
        break;
      case "resize":
        this.#consumers[command.place % this.#consumers.length]?.own.resize(command.limit);
        break;
      case "page out":
        this.#queue.pageOut();
        break;
      case "pause":
        this.#isPaused = true;
        this.#shared.pause();
        break;
      case "resume":
        this.#isPaused = false;
        this.#shared.resume();
        break;
    }
    await settled();
    await this.#check();
  }

  /** In the end everything can be got out. */
  async settleAll(): Promise<void> {
    for (const held of this.#held) this.#settle(held, "accepted");
    await this.do({ type: "purge" });
    for (const held of this.#held) this.#settle(held, "accepted");
    expect(this.#finished).toBe(this.#published);
    expect([this.#queue.messageCount, this.#queue.byteCount, this.#queue.unsettledCount]).toEqual([0, 0, 0]);
    expect(this.#shared.taken).toBe(0);
  }

  get #queue(): ReturnType<Client["queue"]> {
    return this.#client.queue("q");
  }

  get #bytes(): number {
    return this.#ready.reduce((sum, { size }) => sum + size, 0);
  }

  #publish(command: Extract<QueueCommand, { type: "publish" }>): void {
    const { overflow } = this.#options;
    const expiresAtMs = command.ttlMs === undefined ? undefined : this.#clock.now() + command.ttlMs;
    const entry = this.#entryOf(command, expiresAtMs);
    const isRefused = this.#refuses(entry);
    this.#arriving = entry;
    if (!isRefused) this.#ready.push(entry);
    else if (overflow === "reject-publish") this.#finished++;
    this.#expected = isRefused ? "overflow" : undefined;
    // Properties, which no limit counts.
    const raw = new Uint8Array(entry.number % 3);
    const outcome = this.#client.publish(
      makeTestMessage(
        this.#client,
        { key: "q", text: "x".repeat(command.size) },
        { priority: command.priority, expiresAtMs, durable: command.durable, id: idOf(entry), raw },
      ),
    );
    this.#arriving = undefined;
    this.#expected = undefined;
    expect(outcome).toBe(isRefused ? "overflow" : "routed");
  }

  #entryOf(command: Extract<QueueCommand, { type: "publish" }>, expiresAtMs = Infinity): Entry {
    const { maxPriority = 0, messageTtlMs = Infinity } = this.#options;
    return {
      number: ++this.#published,
      lane: Math.min(command.priority ?? 0, maxPriority),
      size: command.size,
      isRed: command.isRed,
      expiresAtMs: Math.min(this.#clock.now() + messageTtlMs, expiresAtMs),
      deliveryCount: 0,
    };
  }

  #refuses({ size }: Entry): boolean {
    const { maxLength = Infinity, maxBytes = Infinity, overflow } = this.#options;
    if (overflow?.startsWith("reject") !== true) return false;
    return this.#ready.length >= maxLength || this.#bytes + size > maxBytes;
  }

  #consume(command: Extract<QueueCommand, { type: "consume" }>): void {
    const excludes = this.#consumers.some((other) => other.command.exclusive);
    const own = command.sharesWindow ? this.#group : new Window(command.limit, this.#shared);
    let consumer: Consumer | undefined;
    const mine: TestConsumer = { command, own, consumer: () => consumer, isCancelled: false };
    const begin = (): void => {
      consumer = this.#client.consume(
        "q",
        {
          ...PLAIN_CONSUMER,
          autoSettle: command.autoSettle,
          exclusive: command.exclusive,
          priority: command.priority,
          window: own,
          wants: command.wantsRedOnly ? isRed : undefined,
        },
        { deliver: (delivery) => this.#delivered(mine, delivery), cancelled: () => undefined },
      );
    };
    if (excludes || (command.exclusive && this.#consumers.length > 0)) {
      expect(begin).toThrow(BrokerError);
      return;
    }
    this.#consumers.push(mine);
    begin();
  }

  #delivered(by: TestConsumer, delivery: Delivery): void {
    expect(by.isCancelled).toBe(false);
    expect(this.#mayTake(by, delivery.message)).toBe(true);
    const isAlone = this.#options.singleActiveConsumer === true;
    if (isAlone) expect(this.#consumers[0]).toBe(by);
    const better = this.#consumers.filter(
      (other) => other.command.priority > by.command.priority && this.#mayTake(other, delivery.message),
    );
    if (!isAlone) expect(better).toEqual([]);
    const next = this.#inOrder().find((entry) => this.#isAlive(entry) && this.#isWantedBySome(entry, by));
    expect(idOf(next)).toBe(delivery.message.id);
    if (next === undefined) return;
    this.#checkDelivery(next, delivery);
    this.#ready = this.#ready.filter((other) => other !== next);
    if (by.command.autoSettle) {
      this.#finished++;
      delivery.settle("rejected");
      return;
    }
    const held: Held = { entry: next, delivery, by };
    this.#held.push(held);
    if (by.command.settlesAtOnce) this.#settle(held, "accepted");
  }

  #checkDelivery(entry: Entry, delivery: Delivery): void {
    expect(delivery.deliveryCount).toBe(entry.deliveryCount);
    expect(delivery.redelivered).toBe(entry.deliveryCount > 0);
    expect(delivery.queueName).toBe("q");
  }

  #mayTake(consumer: TestConsumer, message: Message): boolean {
    return this.#hasRoom(consumer) && (!consumer.command.wantsRedOnly || isRed(message));
  }

  #isWantedBySome(entry: Entry, by: TestConsumer): boolean {
    if (entry.isRed) return true;
    const isAlone = this.#options.singleActiveConsumer === true;
    const consumers = isAlone ? [by] : this.#consumers;
    return consumers.some((other) => !other.command.wantsRedOnly && this.#hasRoom(other));
  }

  #hasRoom(consumer: TestConsumer): boolean {
    return !this.#isPaused && this.#heldThrough(consumer.own) < consumer.own.limit;
  }

  #heldThrough(window: Window): number {
    return this.#held.filter(({ by }) => by?.own === window).length;
  }

  #get(): void {
    this.#expireNow();
    const [next] = this.#inOrder();
    const delivery = this.#queue.get();
    expect(delivery?.message.id).toBe(next && idOf(next));
    if (next === undefined || delivery === undefined) return;
    this.#checkDelivery(next, delivery);
    this.#ready = this.#ready.filter((other) => other !== next);
    this.#held.push({ entry: next, delivery, by: undefined });
  }

  #settle(held: Held | undefined, settlement: Settlement): void {
    if (held === undefined) return;
    const { entry, delivery } = held;
    const { deliveryLimit = Infinity } = this.#options;
    this.#held = this.#held.filter((other) => other !== held);
    if (settlement === "accepted") {
      this.#finished++;
    } else if (settlement === "rejected") {
      this.#expected = "rejected";
    } else {
      if (settlement === "released") entry.deliveryCount++;
      if (entry.deliveryCount > deliveryLimit) this.#expected = "delivery-limit";
      else this.#ready.push(entry);
    }
    delivery.settle(settlement);
    delivery.settle("rejected");
    expect(this.#expected).toBeUndefined();
  }

  /** A message came to the dead-letter exchange: it must have had a reason. */
  #died(message: Message): void {
    const reason = message.deaths[0]?.reason;
    const entry = this.#ready.find((other) => idOf(other) === message.id);
    this.#finished++;
    if (reason !== undefined && reason === this.#expected && entry === undefined) {
      this.#expected = undefined;
      return;
    }
    expect(entry).toBeDefined();
    if (entry === undefined) return;
    expect(this.#inOrder()[0]).toBe(entry);
    if (reason === "expired") {
      expect(entry.expiresAtMs).toBeLessThanOrEqual(this.#clock.now());
    } else {
      const { maxLength = Infinity, maxBytes = Infinity } = this.#options;
      expect(reason).toBe("overflow");
      expect(this.#ready.length > maxLength || this.#bytes > maxBytes).toBe(true);
    }
    this.#ready = this.#ready.filter((other) => other !== entry);
  }

  #inOrder(): Entry[] {
    return this.#ready.toSorted((a, b) => b.lane - a.lane || a.number - b.number);
  }

  #isAlive(entry: Entry): boolean {
    return entry === this.#arriving || entry.expiresAtMs > this.#clock.now();
  }

  /** Timers that are due are met when time passes, if only for a moment. */
  #expireNow(): void {
    this.#clock.advance(0);
  }

  async #check(): Promise<void> {
    const queue = this.#queue;
    this.#expireNow();
    const browsed: string[] = [];
    for await (const { id } of queue.browse()) browsed.push(id);
    expect(browsed).toEqual(this.#inOrder().map(idOf));
    expect(queue.messageCount).toBe(this.#ready.length);
    expect(queue.byteCount).toBe(this.#bytes);
    expect(queue.unsettledCount).toBe(this.#held.length);
    expect(queue.consumerCount).toBe(this.#consumers.length);
    expect(this.#ready.length + this.#held.length + this.#finished).toBe(this.#published);
    for (const consumer of this.#consumers) {
      expect(consumer.own.taken).toBe(this.#heldThrough(consumer.own));
    }
    this.#checkLimits();
    this.#checkNobodyWaits();
  }

  #checkLimits(): void {
    const { overflow = "drop-head", maxLength = Infinity, maxBytes = Infinity } = this.#options;
    const [head] = this.#inOrder();
    if (head !== undefined) expect(head.expiresAtMs).toBeGreaterThan(this.#clock.now());
    if (overflow !== "drop-head") return;
    expect(this.#ready.length).toBeLessThanOrEqual(maxLength);
    expect(this.#bytes).toBeLessThanOrEqual(maxBytes);
  }

  /** No consumer has room for a message that waits and that it wants. */
  #checkNobodyWaits(): void {
    const consumers =
      this.#options.singleActiveConsumer === true ? this.#consumers.slice(0, 1) : this.#consumers;
    const isSelective = this.#consumers.some(({ command }) => command.wantsRedOnly);
    const alive = this.#inOrder().filter((entry) => this.#isAlive(entry));
    const offered = isSelective ? alive : alive.slice(0, 1);
    for (const consumer of consumers.filter((other) => this.#hasRoom(other))) {
      const wanted = offered.filter(({ isRed: red }) => red || !consumer.command.wantsRedOnly);
      expect(wanted).toEqual([]);
    }
  }
}

/** What is being read from the log is there, and what came of it has happened. */
function settled(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

/** The first digit is the message's colour. */
function idOf(entry: Entry | undefined): string {
  const digits = (entry?.number ?? 0).toString(16).padStart(31, "0");
  return `${entry?.isRed === true ? "f" : "0"}${digits}`;
}

function isRed(message: Message): boolean {
  return message.id.startsWith("f");
}
