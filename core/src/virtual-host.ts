import { type Address, DEFAULT_EXCHANGE, TOPIC_REPLY_PREFIX, TOPIC_SPACE } from "./address.ts";
import type { BindingSpec } from "./binding.ts";
import type { Cancel } from "./clock.ts";
import { DeadLetters } from "./dead-letters.ts";
import { DELAYED_LOG, DelayedMessages } from "./delayed-messages.ts";
import type { Drops } from "./drops.ts";
import type { Engine, QueueLog } from "./engine.ts";
import { BrokerError } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import type { Ledger, Receipts } from "./ledger.ts";
import type { DeathReason, Message } from "./message.ts";
import type { MessageDecoder } from "./message-record.ts";
import type { Paging } from "./paging.ts";
import type { PublishOutcome } from "./publishing.ts";
import type { Queue, QueueHost } from "./queue.ts";
import { Recovery } from "./recovery.ts";
import { disjointRoutes, isEmpty, type Route, type SubscriberTarget } from "./route.ts";
import { RetainedStore } from "./retained.ts";
import { Sessions } from "./sessions.ts";
import type { Subscriber } from "./subscription.ts";
import type { Timers } from "./timers.ts";
import { Tokens } from "./tokens.ts";
import { type Topic, TopicTable } from "./topic.ts";
import { Topology } from "./topology.ts";
import { TopologyStore } from "./topology-store.ts";

const REPLY_LIFE_MS = 24 * 60 * 60 * 1_000;
const MAX_REPLIES = 100_000;
const MAX_REPLY_BYTES = 64 * 1024 * 1024;

/** What all virtual hosts of a broker share. */
export interface VirtualHostPorts {
  readonly engine: Engine;
  readonly timers: Timers;
  readonly drops: Drops;
  readonly ledger: Ledger;
  readonly decoder: MessageDecoder;
  readonly paging: Paging;
}

/** What a route did with a message. */
interface Routed {
  readonly outcome: PublishOutcome;
  readonly isStored: boolean;
}

/** A name space and a tenant: its exchanges, queues, topics, retained messages and sessions. */
export class VirtualHost implements QueueHost {
  readonly name: string;
  readonly topics: TopicTable = new TopicTable();
  readonly topology: Topology;
  readonly retained: RetainedStore;
  readonly sessions: Sessions;
  /** Messages that are not to be routed yet. */
  readonly delayed: DelayedMessages;
  /** Reply addresses that a protocol cannot spell. */
  readonly replies: Tokens<Address>;
  /** Correlations that a protocol cannot carry. */
  readonly correlations: Tokens<Uint8Array>;
  readonly timers: Timers;
  readonly drops: Drops;
  readonly paging: Paging;
  readonly #ports: VirtualHostPorts;
  readonly #deadLetters: DeadLetters;

  constructor(name: string, ports: VirtualHostPorts) {
    const { engine, timers, drops } = ports;
    this.name = name;
    this.#ports = ports;
    this.timers = timers;
    this.drops = drops;
    this.paging = ports.paging;
    this.topology = new Topology(this, new TopologyStore(name, engine.metadata));
    this.retained = new RetainedStore(name, engine.metadata, {
      now: () => timers.now(),
      decodeMessage: (record) => this.decodeMessage(record),
    });
    const limits = { tokens: MAX_REPLIES, bytes: MAX_REPLY_BYTES };
    this.replies = new Tokens(timers, REPLY_LIFE_MS, { ...limits, bytesOf: lengthOf });
    this.correlations = new Tokens(timers, REPLY_LIFE_MS, { ...limits, bytesOf: ({ length }) => length });
    this.#deadLetters = new DeadLetters({
      timers,
      drops,
      topics: this.topics,
      findExchange: (exchange) => this.topology.exchanges.get(exchange),
      publishTo: (exchange, message) => void this.publishTo(exchange, message),
    });
    this.delayed = new DelayedMessages(
      {
        timers,
        decodeMessage: (bytes, start, end) => this.decodeMessage(bytes, start, end),
        release: (message) => this.#publishLate(message),
      },
      this.openLog(DELAYED_LOG),
    );
    this.sessions = new Sessions({
      timers,
      metadata: engine.metadata,
      virtualHost: name,
      publishWill: (will) => {
        if (will.mayPublish()) this.#publishLate(will.message);
        else drops.count("not-authorized");
      },
      removeQueue: (queue) => this.removeQueue(queue),
    });
  }

  /** @throws BrokerError "not-found" */
  exchange(name: string): Exchange {
    const exchange = this.topology.exchanges.get(name);
    if (exchange === undefined) {
      throw new BrokerError("not-found", `no exchange '${name}' in virtual host '${this.name}'`);
    }
    return exchange;
  }

  /** @throws BrokerError "not-found" */
  queue(name: string): Queue {
    const queue = this.topology.queues.get(name);
    if (queue === undefined) {
      throw new BrokerError("not-found", `no queue '${name}' in virtual host '${this.name}'`);
    }
    return queue;
  }

  /**
   * Routes the message to everything that is bound, before it returns; one that is delayed is kept until its
   * time comes, and counts as routed.
   *
   * @param receipts told under `tag` when every durable copy is on stable storage
   * @throws BrokerError "not-found" when its exchange does not exist
   */
  publish(message: Message, receipts?: Receipts, tag = 0): PublishOutcome {
    return this.publishTo(this.exchange(message.exchange), message, receipts, tag);
  }

  /** As `publish`, to an exchange that was looked up before. */
  publishTo(exchange: Exchange, message: Message, receipts?: Receipts, tag = 0): PublishOutcome {
    if (this.delayed.isEarly(message)) {
      const isHeldInLog = this.delayed.hold(message);
      receipts?.add(tag, "routed", isHeldInLog ? this.#ports.engine.gathering : 0);
      return "routed";
    }
    const { outcome, isStored } = this.#route(exchange, message);
    // [MQTT-3.3.1-5]
    if (message.retain && exchange.name === TOPIC_SPACE) this.retained.set(message);
    if (outcome === "unroutable") this.drops.count("unroutable");
    const waits = isStored || (message.retain && message.durable);
    receipts?.add(tag, outcome, waits ? this.#ports.engine.gathering : 0);
    return outcome;
  }

  /**
   * Publishes something of the broker's own to a reserved topic and retains it. Only those get it whose pattern hides
   * reserved topics from a wildcard in front, and names this one. What nobody wants is not counted as lost.
   */
  announce(message: Message): void {
    const route = this.topology.router.routeReserved(this.exchange(TOPIC_SPACE), message.topic);
    this.#offer(route, message);
    this.retained.setReserved(message);
  }

  /** Queues that the message would reach, in the order in which it would; nothing is delivered. */
  routeOf(message: Message): readonly Queue[] {
    const routes = this.#disjointRoutes(this.exchange(message.exchange), message, topicsOf(message));
    return routes.flatMap(({ queues }) => queues.map(({ queue }) => queue));
  }

  /** A live subscriber at the end of an exchange; the returned function takes it away. */
  subscribe(source: Exchange, subscriber: Subscriber, spec: BindingSpec): Cancel {
    const binding = this.topology.bind(source, { kind: "subscriber", subscriber }, spec);
    return () => this.topology.unbind(binding);
  }

  /** A receiver that has a name in the default exchange, like a queue, but keeps nothing. */
  openMailbox(name: string, subscriber: Subscriber): Cancel {
    return this.subscribe(this.exchange(DEFAULT_EXCHANGE), subscriber, { key: name });
  }

  /** Somebody listens under this name of the default exchange. */
  hasMailbox(name: string): boolean {
    const route = this.topology.router.route(
      this.exchange(DEFAULT_EXCHANGE),
      this.topics.fromKey(name),
      () => [],
    );
    return route.subscribers.length > 0;
  }

  deadLetter(queue: Queue, message: Message, reason: DeathReason): void {
    this.#deadLetters.send(queue, message, reason);
  }

  openLog(queueName: string): QueueLog {
    return this.#ports.engine.log.open(`${this.name}\0${queueName}`);
  }

  decodeMessage(record: Uint8Array, start: number = 0, end: number = record.length): Message {
    return this.#ports.decoder.decode(record, this.topics, start, end);
  }

  removeQueue(queue: Queue): void {
    this.topology.deleteQueue(queue);
  }

  /** Owes `tag` the news that everything written so far is on stable storage. */
  commitReceipt(receipts: Receipts, tag: number, outcome: PublishOutcome = "routed"): void {
    receipts.add(tag, outcome, this.#ports.engine.gathering);
  }

  /** Resolves when everything that was written so far is on stable storage. */
  durable(): Promise<void> {
    const { ledger } = this.#ports;
    return new Promise((resolve, reject) => {
      const settled = (_tag: number, outcome: PublishOutcome): void => {
        if (outcome === "unavailable") reject(new BrokerError("unavailable", "the storage failed"));
        else resolve();
      };
      this.commitReceipt(ledger.open({ accepted: settled }), 0);
    });
  }

  /** Reads everything back that the engine kept. To be called once, before any client connects. */
  recover(): Promise<void> {
    return new Recovery(this, this.#ports.engine).run();
  }

  #route(exchange: Exchange, message: Message): Routed {
    if (message.copies !== undefined) return this.#routeCopies(exchange, message);
    const route = this.#findRoute(exchange, message, message.topic);
    if (exchange.name === DEFAULT_EXCHANGE && isEmpty(route)) {
      const reply = this.#asTopicReply(message);
      if (reply !== undefined) return this.#route(this.exchange(TOPIC_SPACE), reply);
    }
    return this.#offer(route, message);
  }

  #offer({ queues, subscribers }: Route, message: Message): Routed {
    const { generation } = this.topology.router;
    let isStored = false;
    let isRefused = false;
    for (const { queue, subscriptions } of queues) {
      if (message.deaths.length > 0 && this.#deadLetters.comesRound(message, queue)) {
        this.drops.count("dead-letter-cycle");
        continue;
      }
      const result = queue.enqueue(message, subscriptions);
      isStored ||= result === "stored";
      isRefused ||= result === "refused";
    }
    this.#deliverLive(subscribers, message, generation);
    if (isRefused) return { outcome: "overflow", isStored };
    return { outcome: queues.length + subscribers.length > 0 ? "routed" : "unroutable", isStored };
  }

  /** Each copy carries the topic that it was routed by, and is a message of its own. */
  #routeCopies(exchange: Exchange, message: Message): Routed {
    const topics = topicsOf(message);
    let outcome: PublishOutcome = "unroutable";
    let isStored = false;
    for (const [i, route] of this.#disjointRoutes(exchange, message, topics).entries()) {
      if (isEmpty(route)) continue;
      const topic = topics[i] ?? message.topic;
      const copies = topics.filter((other) => other !== topic);
      const copy = i === 0 ? message : message.with({ topic, copies, id: undefined });
      const routed = this.#offer(route, copy);
      if (outcome !== "overflow") outcome = routed.outcome;
      isStored ||= routed.isStored;
    }
    return { outcome, isStored };
  }

  /** Passes over subscribers that an earlier receiver of this message has just ended. */
  #deliverLive(targets: readonly SubscriberTarget[], message: Message, generation: number): void {
    const { topology } = this;
    for (const { subscriber, subscriptions } of targets) {
      if (topology.router.generation !== generation && !topology.isBound(subscriber)) continue;
      subscriber.deliver(message, subscriptions);
    }
  }

  #findRoute(exchange: Exchange, message: Message, topic: Topic): Route {
    return exchange.routes.get(topic) ?? this.#newRoute(exchange, message, topic);
  }

  #newRoute(exchange: Exchange, message: Message, topic: Topic): Route {
    return this.topology.router.route(exchange, topic, () => message.properties.headers);
  }

  /** What each of the topics reaches, a receiver by the first of them only. */
  #disjointRoutes(exchange: Exchange, message: Message, topics: readonly Topic[]): readonly Route[] {
    return disjointRoutes(
      this.topology.router.routeTogether(exchange, topics, () => message.properties.headers),
    );
  }

  /** A queue name that stands for a topic: the reply of a client that can only name queues. */
  #asTopicReply(message: Message): Message | undefined {
    const { key } = message.topic;
    if (!key.startsWith(TOPIC_REPLY_PREFIX)) return undefined;
    const topic = this.topics.fromKey(key.slice(TOPIC_REPLY_PREFIX.length));
    return message.with({ exchange: TOPIC_SPACE, topic });
  }

  /** A will, or a message that was delayed: the exchange may be gone since it was accepted. */
  #publishLate(message: Message): void {
    const exchange = this.topology.exchanges.get(message.exchange);
    if (exchange === undefined) this.drops.count("unroutable");
    else this.publishTo(exchange, message.renewed(this.timers.now()).with({ delayMs: undefined }));
  }
}

function topicsOf({ topic, copies = [] }: Message): readonly Topic[] {
  return [topic, ...copies];
}

function lengthOf(to: Address): number {
  return (to.kind === "queue" ? to.name : to.topic.path).length;
}
