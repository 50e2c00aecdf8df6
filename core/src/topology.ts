import { DEFAULT_EXCHANGE, TOPIC_SPACE } from "./address.ts";
import { type Binding, bindingId, type BindingSpec, type Destination } from "./binding.ts";
import { BrokerError } from "./errors.ts";
import { Exchange, type ExchangeOptions } from "./exchange.ts";
import { DefaultMatcher } from "./exchange-default.ts";
import { makeMatcher } from "./exchange-types.ts";
import { type Pattern, patternFromKey } from "./pattern.ts";
import type { Queue, QueueHost, QueueOwner } from "./queue.ts";
import { makeQueue } from "./queue-kinds.ts";
import { differingQueueOption, type QueueOptions } from "./queue-options.ts";
import { Router } from "./route.ts";
import { SmallMap } from "./small-map.ts";
import type { Subscriber } from "./subscription.ts";
import type { TopologyStore } from "./topology-store.ts";

const STANDARD_EXCHANGES: readonly (readonly [string, ExchangeOptions["type"]])[] = [
  [DEFAULT_EXCHANGE, "direct"],
  ["amq.direct", "direct"],
  ["amq.fanout", "fanout"],
  ["amq.topic", "topic"],
  ["amq.headers", "headers"],
  ["amq.match", "headers"],
];

/**
 * The exchanges, queues and bindings of one virtual host. Every change takes effect at once; what must
 * survive a restart is written to the store.
 */
export class Topology {
  readonly exchanges: Map<string, Exchange> = new Map();
  readonly queues: Map<string, Queue> = new Map();
  readonly router: Router = new Router(this.exchanges);
  readonly #host: QueueHost;
  readonly store: TopologyStore;
  /** What leads to each end that something leads to, to be undone with it. */
  readonly #incoming = new Map<End, Incoming>();
  #subscriptionCount = 0;

  constructor(host: QueueHost, store: TopologyStore) {
    this.#host = host;
    this.store = store;
    for (const [name, type] of STANDARD_EXCHANGES) {
      const options: ExchangeOptions = { type, durable: true, autoDelete: false, internal: false };
      const matcher = name === DEFAULT_EXCHANGE ? new DefaultMatcher(this.queues) : makeMatcher(options);
      this.exchanges.set(name, new Exchange(name, options, matcher));
    }
  }

  /** Bindings that are subscriptions. */
  get subscriptionCount(): number {
    return this.#subscriptionCount;
  }

  isStandard(exchange: string): boolean {
    return STANDARD_EXCHANGES.some(([name]) => name === exchange);
  }

  /**
   * Creates the exchange, or finds that it exists alike.
   *
   * @throws BrokerError "conflict" when it exists with other options
   */
  declareExchange(name: string, options: ExchangeOptions): Exchange {
    const existing = this.exchanges.get(name);
    if (existing !== undefined) {
      const differing = differingExchangeOption(existing.options, options);
      if (differing === undefined) return existing;
      throw new BrokerError("conflict", `exchange '${name}' exists with another ${differing}`);
    }
    const exchange = new Exchange(name, options, makeMatcher(options));
    this.exchanges.set(name, exchange);
    if (options.durable) this.store.putExchange(exchange);
    this.router.invalidate();
    return exchange;
  }

  /**
   * Deletes the exchange with all its bindings. Does nothing when there is none of that name.
   *
   * @throws BrokerError "in-use" when `onlyIfUnused` and something is bound to it; "not-authorized" for a
   *   standard exchange
   */
  deleteExchange(name: string, onlyIfUnused: boolean): void {
    const exchange = this.exchanges.get(name);
    if (exchange === undefined) return;
    if (this.isStandard(name))
      throw new BrokerError("not-authorized", `exchange '${name}' is a standard one`);
    if (onlyIfUnused && exchange.outgoing.size > 0) {
      throw new BrokerError("in-use", `exchange '${name}' has bindings`);
    }
    this.exchanges.delete(name);
    exchange.isDeleted = true;
    if (exchange.options.durable) this.store.deleteExchange(exchange);
    for (const binding of exchange.outgoing) this.#removeBinding(binding);
    this.#removeIncoming(exchange);
    this.router.invalidate();
  }

  /**
   * Creates the queue, or finds that it exists alike.
   *
   * @param owner the client that an exclusive queue belongs to
   * @throws BrokerError "conflict" when it exists with other options, "locked" when it is another client's
   */
  declareQueue(name: string, options: QueueOptions, owner: QueueOwner | undefined): Queue {
    const existing = this.queues.get(name);
    if (existing === undefined) return this.#createQueue(name, options, owner);
    if (existing.owner !== undefined && existing.owner !== owner) {
      throw new BrokerError("locked", `queue '${name}' belongs to another connection`);
    }
    const differing = differingQueueOption(existing.options, options);
    if (differing !== undefined) {
      throw new BrokerError("conflict", `queue '${name}' exists with another ${differing}`);
    }
    existing.touch();
    return existing;
  }

  /** Deletes the queue with its messages and bindings and tells its consumers. */
  deleteQueue(queue: Queue): void {
    if (this.queues.get(queue.name) !== queue) return;
    this.queues.delete(queue.name);
    this.#removeIncoming(queue);
    if (queue.isKept) this.store.deleteQueue(queue);
    queue.delete("queue-deleted");
    this.router.invalidate();
  }

  /**
   * Binds, or finds that it is bound alike: then the former binding's subscription is replaced.
   *
   * @throws BrokerError "not-found" when one of the ends was deleted, "bad-address" when the exchange cannot
   *   have such a binding
   */
  bind(source: Exchange, destination: Destination, spec: BindingSpec): Binding {
    this.#checkExists(source, destination);
    source.matcher.check?.(spec);
    const pattern = spec.pattern ?? patternFromKey(spec.key);
    const incoming = this.#incomingOf(destination);
    const name = nameWithin(source, spec, pattern);
    const known = incoming.get(name);
    if (known !== undefined && known.spec.subscription === spec.subscription) return known;
    if (known !== undefined) this.#removeBinding(known, true);
    const binding: Binding = { source, destination: incoming.destination, spec, pattern };
    incoming.set(name, binding);
    source.outgoing.add(binding);
    source.matcher.add(binding);
    if (spec.subscription !== undefined) this.#subscriptionCount++;
    if (isDurable(binding)) this.store.putBinding(binding);
    this.router.invalidate();
    return binding;
  }

  /** The binding that `bind` with the same arguments would have found. */
  findBinding(source: Exchange, destination: Destination, spec: BindingSpec): Binding | undefined {
    const name = nameWithin(source, spec, spec.pattern ?? patternFromKey(spec.key));
    return this.#incoming.get(endOf(destination))?.get(name);
  }

  unbind(binding: Binding): void {
    this.#removeBinding(binding);
    this.router.invalidate();
  }

  /** Nothing leads to the subscriber any more. */
  unbindAll(subscriber: Subscriber): void {
    if (!this.#incoming.has(subscriber)) return;
    this.#removeIncoming(subscriber);
    this.router.invalidate();
  }

  /** A binding leads to it. */
  isBound(end: End): boolean {
    return this.#incoming.has(end);
  }

  /** The bindings that lead there; that every queue is reached by its name is none. */
  bindingsOf(end: End): Binding[] {
    const bindings: Binding[] = [];
    this.#incoming.get(end)?.forEach((binding) => bindings.push(binding));
    return bindings;
  }

  #createQueue(name: string, options: QueueOptions, owner: QueueOwner | undefined): Queue {
    const queue = makeQueue({ name, owner }, options, this.#host);
    this.queues.set(name, queue);
    if (queue.isKept) this.store.putQueue(queue);
    this.router.invalidate();
    return queue;
  }

  #removeBinding(binding: Binding, isReplaced = false): void {
    const { source, destination, spec, pattern } = binding;
    const end = endOf(destination);
    const incoming = this.#incoming.get(end);
    const name = nameWithin(source, spec, pattern);
    // One like it may have taken its place.
    if (incoming?.get(name) !== binding) return;
    incoming.delete(name);
    if (incoming.size === 0 && !isReplaced) this.#incoming.delete(end);
    source.outgoing.delete(binding);
    source.matcher.remove(binding);
    if (spec.subscription !== undefined) this.#subscriptionCount--;
    if (isDurable(binding)) this.store.deleteBinding(binding);
    if (!isReplaced && source.options.autoDelete && source.outgoing.size === 0 && !source.isDeleted) {
      this.deleteExchange(source.name, false);
    }
  }

  #removeIncoming(end: End): void {
    for (const binding of this.bindingsOf(end)) this.#removeBinding(binding);
  }

  #checkExists(source: Exchange, destination: Destination): void {
    if (source.isDeleted) throw new BrokerError("not-found", `exchange '${source.name}' was deleted`);
    const isGone =
      destination.kind === "queue"
        ? destination.queue.isDeleted
        : destination.kind === "exchange" && destination.exchange.isDeleted;
    if (isGone) throw new BrokerError("not-found", `the ${destination.kind} to bind was deleted`);
  }

  #incomingOf(destination: Destination): Incoming {
    const end = endOf(destination);
    let incoming = this.#incoming.get(end);
    if (incoming === undefined) this.#incoming.set(end, (incoming = new Incoming(destination)));
    return incoming;
  }
}

/** What a binding can lead to. */
type End = Queue | Exchange | Subscriber;

/** The bindings that lead to one end. */
class Incoming extends SmallMap<string, Binding> {
  readonly destination: Destination;

  constructor(destination: Destination) {
    super();
    this.destination = destination;
  }
}

function endOf(destination: Destination): End {
  switch (destination.kind) {
    case "queue":
      return destination.queue;
    case "exchange":
      return destination.exchange;
    case "subscriber":
      return destination.subscriber;
  }
}

/** Identity of a binding within its destination. Of most, which come from the topic space, it is a text that is there anyway. */
function nameWithin({ name }: Exchange, spec: BindingSpec, pattern: Pattern): string {
  const id = bindingId(spec, pattern);
  return name === TOPIC_SPACE ? id : `\0${name}\0${id}`;
}

function differingExchangeOption(
  existing: ExchangeOptions,
  wanted: ExchangeOptions,
): keyof ExchangeOptions | undefined {
  const names = ["type", "durable", "autoDelete", "internal", "alternate", "hashHeader", "extra"] as const;
  return names.find((name) => existing[name] !== wanted[name]);
}

/** A binding survives a restart when both its ends do. */
function isDurable({ source, destination }: Binding): boolean {
  if (source.name === DEFAULT_EXCHANGE || !source.options.durable) return false;
  if (destination.kind === "queue") {
    return destination.queue.isKept;
  }
  return destination.kind === "exchange" && destination.exchange.options.durable;
}
