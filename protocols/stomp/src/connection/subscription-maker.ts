import {
  type BindingSpec,
  BrokerError,
  MANY,
  ONE,
  type Pattern,
  patternFromKey,
  type Queue,
  type Subscription as CoreSubscription,
  TOPIC_SPACE,
  tradeSeparators,
  Window,
} from "@dragoman/core";
import { DestinationSpelling } from "../translation/delivered-destination.ts";
import type { ExchangeDestination, QueueDestination, TopicDestination } from "../translation/destination.ts";
import { topicPattern } from "../translation/topic-spelling.ts";
import type { ConnectionParts } from "./connection-parts.ts";
import { MessageWriter } from "./message-writer.ts";
import {
  durableSubscriptionQueue,
  namedSubscriptionQueue,
  type Queues,
  subscriptionQueue,
  temporaryQueue,
  uniqueQueueName,
} from "./queues.ts";
import { needsQueue, type SubscribeRequest } from "./subscribe-request.ts";
import { LiveSubscription, QueueSubscription, type Subscription } from "./subscription.ts";

/** A subscription that is made, but waits for `start` before it delivers. */
export interface OpenedSubscription {
  readonly subscription: Subscription;
  /** Lets deliveries begin: after the RECEIPT. */
  readonly start: () => void;
}

/** A place in an exchange that messages come from. */
interface Source {
  readonly exchange: string;
  readonly spec: BindingSpec;
  readonly pattern: Pattern;
  readonly subscription: CoreSubscription;
}

/** Makes subscriptions of one connection. */
export class SubscriptionMaker {
  readonly #parts: ConnectionParts;
  readonly #queues: Queues;
  readonly #onCancelled: (subscription: QueueSubscription) => void;
  #subscriptions = 0;

  /** @param onCancelled called when the queue of a subscription is gone */
  constructor(
    parts: ConnectionParts,
    queues: Queues,
    onCancelled: (subscription: QueueSubscription) => void,
  ) {
    this.#parts = parts;
    this.#queues = queues;
    this.#onCancelled = onCancelled;
  }

  /** @throws BrokerError when it cannot be made */
  async open(request: SubscribeRequest): Promise<OpenedSubscription> {
    const { destination } = request;
    if (destination.kind === "topic" || destination.kind === "exchange") {
      const source = this.#sourceOf(destination, request.noLocal);
      if (!needsQueue(request)) return this.#openLive(request, source);
      return this.#openBound(request, source);
    }
    const queue = await this.#queueOf(destination, request);
    this.#checkOpen();
    return this.#consume(request, queue, false);
  }

  /** The queue in which a durable subscription of that name keeps its messages. */
  durableQueueName(name: string): string {
    const { clientId, client } = this.#parts;
    return `stomp.${clientId ?? client.identity.user}.${name}`;
  }

  /** @throws BrokerError when the client went away while we waited; nobody is told */
  #checkOpen(): void {
    if (!this.#parts.isOpen()) throw new BrokerError("unavailable", "the connection has ended");
  }

  async #queueOf({ kind, name }: QueueDestination, { wanted }: SubscribeRequest): Promise<Queue> {
    if (kind === "amq-queue" || kind === "reply-queue") return this.#parts.client.queue(name);
    const { queue } =
      kind === "temp-queue"
        ? await this.#queues.ensure(this.#queues.temporaryName(name), {}, temporaryQueue)
        : await this.#queues.ensure(name, wanted);
    return queue;
  }

  #sourceOf(destination: TopicDestination | ExchangeDestination, noLocal: boolean): Source {
    const isTopic = destination.kind === "topic";
    const pattern = isTopic ? topicPattern(destination.text) : patternFromKey(destination.key ?? "");
    const subscription: CoreSubscription = {
      qos: 2,
      retainAsPublished: true,
      noLocalFor: noLocal ? this.#parts.client.publisher.clientId : undefined,
    };
    const key = isTopic ? bindingKey(pattern) : (destination.key ?? "");
    const exchange = isTopic ? TOPIC_SPACE : destination.exchange;
    return { exchange, pattern, subscription, spec: { key, pattern, subscription } };
  }

  #openLive(request: SubscribeRequest, source: Source): OpenedSubscription {
    const { outbox, broker, client } = this.#parts;
    const parts = { id: request.id, writer: this.#writer(request, undefined), selects: request.selects };
    const subscription = new LiveSubscription(parts, outbox, broker.drops);
    subscription.open((subscriber) => client.subscribe(source.exchange, subscriber, source.spec));
    if (this.#wantsRetained(request, source)) subscription.beginWith(client.vhost, source.pattern);
    return { subscription, start: () => subscription.start() };
  }

  async #openBound(request: SubscribeRequest, source: Source): Promise<OpenedSubscription> {
    const { client } = this.#parts;
    // Asked before anything is made, so that a refusal leaves nothing behind.
    client.vhost.exchange(source.exchange);
    client.checkSubscribe(source.exchange, source.spec);
    const { name, defaults } = this.#queueBehind(request);
    const { queue, isNew } = await this.#queues.ensure(name, request.wanted, defaults);
    this.#checkOpen();
    if (isNew && this.#wantsRetained(request, source)) {
      const copy: CoreSubscription = { ...source.subscription, isRetainedCopy: true };
      const target = { queue, subscriptions: [copy], isWanted: () => this.#parts.isOpen() };
      await client.bindAfterRetained(source.exchange, source.spec, target);
    } else {
      await client.bind(source.exchange, { kind: "queue", queue }, source.spec);
    }
    if (request.durableName !== undefined) await this.#unbindOthers(queue, source);
    this.#checkOpen();
    return this.#consume(request, queue, request.queueName === undefined);
  }

  #queueBehind({ durableName, queueName }: SubscribeRequest): {
    readonly name: string;
    readonly defaults: typeof subscriptionQueue;
  } {
    if (durableName !== undefined) {
      return { name: queueName ?? this.durableQueueName(durableName), defaults: durableSubscriptionQueue };
    }
    return queueName === undefined
      ? { name: uniqueQueueName("stomp-subscription"), defaults: subscriptionQueue }
      : { name: queueName, defaults: namedSubscriptionQueue };
  }

  /** A durable subscription has one topic: when it comes back with another, the former one is over. */
  async #unbindOthers(queue: Queue, source: Source): Promise<void> {
    const { client } = this.#parts;
    const { topology } = client.vhost;
    for (const binding of topology.bindingsOf(queue)) {
      const isThis = binding.source.name === source.exchange && binding.pattern.id === source.pattern.id;
      if (!isThis) await client.unbind(binding.source.name, { kind: "queue", queue }, binding.spec);
    }
  }

  #wantsRetained({ retained }: SubscribeRequest, { exchange }: Source): boolean {
    return retained && exchange === TOPIC_SPACE;
  }

  #consume(request: SubscribeRequest, queue: Queue, isPrivate: boolean): OpenedSubscription {
    const { outbox, client } = this.#parts;
    const number = ++this.#subscriptions;
    const subscription = new QueueSubscription({
      id: request.id,
      writer: this.#writer(request, request.ackMode === "auto" ? undefined : number),
      selects: request.selects,
      queue,
      number,
      ackMode: request.ackMode,
      dropsUnselected: isPrivate,
      onCancelled: this.#onCancelled,
    });
    const window = new Window(request.prefetch, outbox.window);
    window.pause();
    const options = {
      tag: request.id ?? request.destinationText,
      autoSettle: request.ackMode === "auto",
      exclusive: request.exclusive,
      priority: request.priority,
      window,
      wants: isPrivate ? undefined : request.selects,
      start: request.start,
    };
    subscription.open((port) => client.consume(queue.name, options, port));
    return { subscription, start: () => window.resume() };
  }

  /** @param acknowledges the number under which deliveries are acknowledged; undefined when they are not */
  #writer(
    { destination, destinationText, id }: SubscribeRequest,
    acknowledges: number | undefined,
  ): MessageWriter {
    const { outbox, encoder, version } = this.#parts;
    const spelling = new DestinationSpelling(destination, destinationText);
    return new MessageWriter({ outbox, encoder, version, spelling, subscriptionId: id, acknowledges });
  }
}

/** The pattern as a binding key: for permissions, and for people who look at bindings. */
function bindingKey(pattern: Pattern): string {
  return pattern.levels
    .map((level) => (level === ONE ? "*" : level === MANY ? "#" : tradeSeparators(level)))
    .join(".");
}
