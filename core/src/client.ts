import { DEFAULT_EXCHANGE, TOPIC_REPLY_PREFIX, TOPIC_SPACE } from "./address.ts";
import type { Action, Identity } from "./authority.ts";
import type { Binding, BindingSpec, Destination } from "./binding.ts";
import type { Broker } from "./broker.ts";
import type { Cancel } from "./clock.ts";
import type { Consumer, ConsumerOptions, ConsumerPort } from "./consumer.ts";
import type { Delivery } from "./delivery.ts";
import { BrokerError } from "./errors.ts";
import type { Exchange, ExchangeOptions } from "./exchange.ts";
import type { ReceiptListener, Receipts } from "./ledger.ts";
import type { Message, Publisher } from "./message.ts";
import { patternFromKey } from "./pattern.ts";
import type { PublishOutcome } from "./publishing.ts";
import type { Queue, QueueOwner } from "./queue.ts";
import type { QueueOptions } from "./queue-options.ts";
import { type PourTarget, pourRetained } from "./retained-pour.ts";
import type { Subscriber } from "./subscription.ts";
import { type Topic, tradeSeparators } from "./topic.ts";
import { Transaction } from "./transaction.ts";
import type { VirtualHost } from "./virtual-host.ts";

/**
 * A connection that has proved who it is: everything that it does in its virtual host goes through here,
 * where its permissions and the exclusiveness of queues are checked.
 *
 * Changes of the topology return promises: they take effect at once, and resolve when they are on stable
 * storage. Calls by name throw BrokerError "not-found" when there is no such thing, "not-authorized" when
 * this client may not, and "locked" for a queue that belongs to another connection.
 */
export class Client implements QueueOwner {
  readonly identity: Identity;
  readonly publisher: Publisher;
  readonly vhost: VirtualHost;
  readonly #broker: Broker;
  /** From the first one on. */
  #exclusive: Set<Queue> | undefined;

  constructor(broker: Broker, vhost: VirtualHost, identity: Identity, publisher: Publisher) {
    this.#broker = broker;
    this.vhost = vhost;
    this.identity = identity;
    this.publisher = publisher;
  }

  allows(action: Action, kind: "exchange" | "queue" | "topic", name: string): boolean {
    const resource = { kind, virtualHost: this.vhost.name, name };
    return this.#broker.authority.allows(this.identity, action, resource);
  }

  /** Where this client's acknowledgements come out, in the order of its publishes. */
  openReceipts(listener: ReceiptListener): Receipts {
    return this.#broker.ledger.open(listener);
  }

  /**
   * Routes the message before it returns.
   *
   * @param receipts told under `tag` when every durable copy is on stable storage
   * @throws BrokerError also "not-authorized" for an internal exchange
   */
  publish(message: Message, receipts?: Receipts, tag = 0): PublishOutcome {
    return this.vhost.publishTo(this.#checked(message), message, receipts, tag);
  }

  /** @throws BrokerError when `publish` would */
  checkPublish(message: Message): void {
    this.#checked(message);
  }

  /** Whether its permissions allow the message, by each of its topics. */
  mayPublish({ exchange, topic, copies }: Message): boolean {
    return (
      this.#mayPublishTo(exchange, topic) &&
      (copies === undefined || copies.every((copy) => this.#mayPublishTo(exchange, copy)))
    );
  }

  begin(): Transaction {
    return new Transaction(this.vhost, (message) => this.checkPublish(message));
  }

  async declareExchange(name: string, options: ExchangeOptions): Promise<Exchange> {
    this.#check("configure", "exchange", name);
    const exchange = this.vhost.topology.declareExchange(name, options);
    if (options.durable) await this.vhost.durable();
    return exchange;
  }

  async deleteExchange(name: string, onlyIfUnused: boolean): Promise<void> {
    this.#check("configure", "exchange", name);
    this.vhost.topology.deleteExchange(name, onlyIfUnused);
    await this.vhost.durable();
  }

  async declareQueue(name: string, options: QueueOptions): Promise<Queue> {
    this.#check("configure", "queue", name);
    const queue = this.vhost.topology.declareQueue(name, options, options.exclusive ? this : undefined);
    if (options.exclusive) (this.#exclusive ??= new Set()).add(queue);
    if (options.durable) await this.vhost.durable();
    return queue;
  }

  /** The queue of that name, if this client may touch it; what it may do with it is not asked. */
  queue(name: string): Queue {
    const queue = this.vhost.queue(name);
    if (queue.owner !== undefined && queue.owner !== this) {
      throw new BrokerError("locked", `queue '${name}' belongs to another connection`);
    }
    return queue;
  }

  /**
   * @returns how many messages went with it
   * @throws BrokerError also "in-use" or "not-empty" when a condition forbids it
   */
  async deleteQueue(
    name: string,
    only: { readonly ifUnused: boolean; readonly ifEmpty: boolean },
  ): Promise<number> {
    this.#check("configure", "queue", name);
    const queue = this.queue(name);
    const { messageCount } = queue;
    if (only.ifUnused && queue.consumerCount > 0)
      throw new BrokerError("in-use", `queue '${name}' has consumers`);
    if (only.ifEmpty && messageCount > 0) throw new BrokerError("not-empty", `queue '${name}' has messages`);
    this.vhost.removeQueue(queue);
    await this.vhost.durable();
    return messageCount;
  }

  /** @returns how many messages were dropped */
  async purgeQueue(name: string): Promise<number> {
    this.#check("subscribe", "queue", name);
    const count = this.queue(name).purge();
    await this.vhost.durable();
    return count;
  }

  /** Binding needs the right to write to the destination and to read from the source. */
  async bind(source: string, destination: Destination, spec: BindingSpec): Promise<Binding> {
    this.#checkBind(source, destination, spec);
    const binding = this.vhost.topology.bind(this.vhost.exchange(source), destination, spec);
    await this.vhost.durable();
    return binding;
  }

  /**
   * As `bind` for a queue, which gets what the source's topics have retained before anything else. Resolves when all of
   * it is there.
   *
   * @throws BrokerError also "unavailable" when nobody wants it any more
   */
  bindAfterRetained(source: string, spec: BindingSpec, target: PourTarget): Promise<Binding> {
    const destination: Destination = { kind: "queue", queue: target.queue };
    this.#checkBind(source, destination, spec);
    const pattern = spec.pattern ?? patternFromKey(spec.key);
    return pourRetained(this.vhost, pattern, target, () => this.bind(source, destination, spec));
  }

  /** Does nothing when there is no such binding. */
  async unbind(source: string, destination: Destination, spec: BindingSpec): Promise<void> {
    this.#checkBind(source, destination, spec);
    const exchange = this.vhost.exchange(source);
    const binding = this.vhost.topology.findBinding(exchange, destination, spec);
    if (binding !== undefined) this.vhost.topology.unbind(binding);
    await this.vhost.durable();
  }

  /** A live subscription; the returned function ends it. */
  subscribe(source: string, subscriber: Subscriber, spec: BindingSpec): Cancel {
    this.checkSubscribe(source, spec);
    return this.vhost.subscribe(this.vhost.exchange(source), subscriber, spec);
  }

  /** @throws BrokerError when `subscribe` would not be allowed */
  checkSubscribe(source: string, spec: BindingSpec): void {
    if (source === TOPIC_SPACE) this.#check("subscribe", "topic", tradeSeparators(spec.key));
    else this.#check("subscribe", "exchange", source);
  }

  /** @throws BrokerError also "locked" when the queue has a consumer that excludes others */
  consume(queue: string, options: ConsumerOptions, port: ConsumerPort): Consumer {
    this.#check("subscribe", "queue", queue);
    return this.queue(queue).consume(options, port);
  }

  get(queue: string): Delivery | undefined {
    this.#check("subscribe", "queue", queue);
    return this.queue(queue).get();
  }

  /** The connection has ended: its exclusive queues go. Consumers and subscriptions are ended by who made them. */
  close(): void {
    for (const queue of this.#exclusive ?? []) this.vhost.removeQueue(queue);
    this.#broker.clients.delete(this);
  }

  queueDeleted(queue: Queue): void {
    this.#exclusive?.delete(queue);
  }

  /** The exchange of a message that may be published. */
  #checked(message: Message): Exchange {
    const exchange = this.vhost.exchange(message.exchange);
    const { internal } = exchange.options;
    if (!internal && this.mayPublish(message)) return exchange;
    this.vhost.drops.count("not-authorized");
    throw new BrokerError(
      "not-authorized",
      internal
        ? `exchange '${exchange.name}' is internal`
        : `'${this.identity.user}' may not publish to exchange '${exchange.name}'`,
    );
  }

  /** A name that stands for a topic is no way round the topic's own permission. */
  #mayPublishTo(exchange: string, topic: Topic): boolean {
    if (exchange === TOPIC_SPACE) return this.allows("publish", "topic", topic.path);
    if (exchange === DEFAULT_EXCHANGE && topic.key.startsWith(TOPIC_REPLY_PREFIX)) {
      return this.allows("publish", "topic", tradeSeparators(topic.key.slice(TOPIC_REPLY_PREFIX.length)));
    }
    if (exchange !== DEFAULT_EXCHANGE) return this.allows("publish", "exchange", exchange);
    // A name without a queue is a mailbox, which is its own permission, or reaches nothing.
    return !this.vhost.topology.queues.has(topic.key) || this.allows("publish", "queue", topic.key);
  }

  #check(action: Action, kind: "exchange" | "queue" | "topic", name: string): void {
    if (this.allows(action, kind, name)) return;
    throw new BrokerError("not-authorized", `'${this.identity.user}' may not ${action} ${kind} '${name}'`);
  }

  #checkBind(source: string, destination: Destination, spec: BindingSpec): void {
    this.checkSubscribe(source, spec);
    if (destination.kind === "queue") {
      this.queue(destination.queue.name);
      this.#check("configure", "queue", destination.queue.name);
    } else if (destination.kind === "exchange") {
      this.#check("configure", "exchange", destination.exchange.name);
    }
  }
}
