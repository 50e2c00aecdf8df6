import type { Destination } from "./binding.ts";
import type { Exchange } from "./exchange.ts";
import type { Queue } from "./queue.ts";
import type { Subscriber, Subscription } from "./subscription.ts";
import type { Topic } from "./topic.ts";
import type { Headers } from "./value.ts";

/** A queue at the end of a route, with the subscriptions that led to it when it belongs to a session. */
export interface QueueTarget {
  readonly queue: Queue;
  readonly subscriptions: readonly Subscription[] | undefined;
}

export interface SubscriberTarget {
  readonly subscriber: Subscriber;
  readonly subscriptions: readonly Subscription[];
}

/** Everything that a message of one topic reaches from one exchange. */
export interface Route {
  readonly queues: readonly QueueTarget[];
  readonly subscribers: readonly SubscriberTarget[];
}

/** Ends of all kept routes, and the routes themselves: some hundred bytes each. */
const MAX_KEPT = 2 ** 20;

/**
 * Finds routes and keeps them. A change of the topology makes all kept routes stale at once; each is
 * computed anew when it is next needed.
 */
export class Router {
  readonly #exchanges: ReadonlyMap<string, Exchange>;
  readonly #maxKept: number;
  /** Those that keep routes. */
  readonly #keeping = new Set<Exchange>();
  #kept = 0;
  #generation = 0;

  /** @param maxKept ends of routes that are kept at most, each route counted as one more */
  constructor(exchanges: ReadonlyMap<string, Exchange>, maxKept: number = MAX_KEPT) {
    this.#exchanges = exchanges;
    this.#maxKept = maxKept;
  }

  /** Grows with each change: a route found earlier may be stale. */
  get generation(): number {
    return this.#generation;
  }

  /**
   * To be called after each change of exchanges, bindings or subscriptions. Kept routes go at once: they
   * would hold on to queues and subscribers that have ended.
   */
  invalidate(): void {
    this.#generation++;
    this.forget();
  }

  /** Lets go of all kept routes, which stay valid. */
  forget(): void {
    if (this.#keeping.size === 0) return;
    for (const exchange of this.#keeping) exchange.routes.clear();
    this.#keeping.clear();
    this.#kept = 0;
  }

  /** @param headers read only when an exchange on the way routes by headers */
  route(exchange: Exchange, topic: Topic, headers: () => Headers): Route {
    const known = exchange.routes.get(topic);
    if (known !== undefined) return known;
    const collector = new RouteCollector();
    const isCacheable = this.#follow(exchange, [[topic, collector]], headers);
    const route = collector.finish();
    if (isCacheable) this.#keep(exchange, topic, route);
    return route;
  }

  /**
   * The routes of a message that has several topics, one for each. They travel together: an exchange that one of them
   * reaches is asked for all, and an alternate only gets them when none was wanted. RabbitMQ, "Sender-selected
   * Distribution"
   */
  routeTogether(exchange: Exchange, topics: readonly Topic[], headers: () => Headers): readonly Route[] {
    const searches = topics.map((topic) => [topic, new RouteCollector()] as const);
    this.#follow(exchange, searches, headers);
    return searches.map(([, collector]) => collector.finish());
  }

  /**
   * The route of what is for those alone to whom topics that begin with "$" are reserved: other patterns do not
   * count, though they may select it. It is found anew each time.
   */
  routeReserved(exchange: Exchange, topic: Topic): Route {
    const collector = new RouteCollector();
    exchange.matcher.match(
      topic,
      () => [],
      ({ destination, pattern, spec }) => {
        if (!pattern.hidesReserved || destination.kind === "exchange") return;
        collector.add(destination, spec.subscription);
      },
    );
    return collector.finish();
  }

  #keep(exchange: Exchange, topic: Topic, route: Route): void {
    if (exchange.isDeleted || topic.isFleeting) return;
    const weight = 1 + route.queues.length + route.subscribers.length;
    // With a thousand receivers of everything, a hundred thousand routes would not fit into the memory.
    if (this.#kept + weight > this.#maxKept) this.forget();
    this.#kept += weight;
    exchange.routes.set(topic, route);
    this.#keeping.add(exchange);
  }

  /** Walks exchange-to-exchange bindings and alternates; each exchange once. True when only topics were decisive. */
  #follow(
    start: Exchange,
    searches: readonly (readonly [Topic, RouteCollector])[],
    headers: () => Headers,
  ): boolean {
    const visited = new Set<Exchange>([start]);
    let isCacheable = true;
    for (const exchange of visited) {
      isCacheable &&= exchange.matcher.isCacheable;
      let matched = false;
      for (const [topic, collector] of searches) {
        exchange.matcher.match(topic, headers, ({ destination, spec }) => {
          matched = true;
          if (destination.kind === "exchange") visited.add(destination.exchange);
          else collector.add(destination, spec.subscription);
        });
      }
      const { alternate } = exchange.options;
      const next = matched || alternate === undefined ? undefined : this.#exchanges.get(alternate);
      if (next !== undefined) visited.add(next);
    }
    return isCacheable;
  }
}

const PLAIN_SUBSCRIPTION: Subscription = { qos: 2, retainAsPublished: true };

class RouteCollector {
  readonly #queues = new Map<Queue, Subscription[]>();
  /** Those that a binding without a subscription leads to. */
  readonly #bound = new Set<Queue>();
  readonly #subscribers = new Map<Subscriber, Subscription[]>();

  add(destination: Exclude<Destination, { kind: "exchange" }>, subscription: Subscription | undefined): void {
    if (destination.kind === "queue") this.#addQueue(destination.queue, subscription);
    else this.#addSubscriber(destination.subscriber, subscription ?? PLAIN_SUBSCRIPTION);
  }

  finish(): Route {
    return {
      queues: [...this.#queues].map(([queue, subscriptions]) => ({
        queue,
        subscriptions: this.#completed(queue, subscriptions),
      })),
      subscribers: [...this.#subscribers].map(([subscriber, subscriptions]) => ({
        subscriber,
        subscriptions,
      })),
    };
  }

  #addQueue(queue: Queue, subscription: Subscription | undefined): void {
    let known = this.#queues.get(queue);
    if (known === undefined) this.#queues.set(queue, (known = []));
    if (subscription === undefined) this.#bound.add(queue);
    else known.push(subscription);
  }

  /** A binding beside subscriptions wants the message, whatever their conditions are. */
  #completed(queue: Queue, subscriptions: Subscription[]): readonly Subscription[] | undefined {
    if (subscriptions.length === 0) return undefined;
    return this.#bound.has(queue) ? [...subscriptions, PLAIN_SUBSCRIPTION] : subscriptions;
  }

  #addSubscriber(subscriber: Subscriber, subscription: Subscription): void {
    const known = this.#subscribers.get(subscriber);
    if (known === undefined) this.#subscribers.set(subscriber, [subscription]);
    else known.push(subscription);
  }
}

export function isEmpty({ queues, subscribers }: Route): boolean {
  return queues.length === 0 && subscribers.length === 0;
}

/** The same routes, without what an earlier one of them reaches. */
export function disjointRoutes(routes: readonly Route[]): readonly Route[] {
  const reached = new Set<Queue | Subscriber>();
  const isNew = (end: Queue | Subscriber): boolean => {
    const before = reached.size;
    return reached.add(end).size > before;
  };
  return routes.map(({ queues, subscribers }) => ({
    queues: queues.filter(({ queue }) => isNew(queue)),
    subscribers: subscribers.filter(({ subscriber }) => isNew(subscriber)),
  }));
}
