import type { Binding, BindingSpec, Lead } from "./binding.ts";
import type { Route } from "./route.ts";
import type { Topic } from "./topic.ts";
import type { Headers } from "./value.ts";

export type ExchangeType = "direct" | "fanout" | "topic" | "headers" | "consistent-hash" | "random";

export interface ExchangeOptions {
  readonly type: ExchangeType;
  readonly durable: boolean;
  /** Deleted when its last binding goes. */
  readonly autoDelete: boolean;
  /** Clients cannot publish to it; only other exchanges lead to it. */
  readonly internal: boolean;
  /** Where messages go that no binding selects. */
  readonly alternate?: string | undefined;
  /** The header whose value is hashed; without it the routing key is. For the type "consistent-hash". */
  readonly hashHeader?: string | undefined;
  /** What the protocol that declared it wants kept; compared as text for equivalence. */
  readonly extra?: string | undefined;
}

/** How one type of exchange finds the bindings that select a message. */
export interface Matcher {
  /** The answer depends on the topic alone, so it can be kept for the next message. */
  readonly isCacheable: boolean;
  /** @throws BrokerError "bad-address" when a binding of this exchange cannot be so */
  check?(spec: BindingSpec): void;
  add(binding: Binding): void;
  remove(binding: Binding): void;
  /** Calls `found` for each lead that the message follows; the same destination may come more than once. */
  match(topic: Topic, headers: () => Headers, found: (lead: Lead) => void): void;
}

/** Routes what is published to it along its bindings. */
export class Exchange {
  readonly name: string;
  readonly options: ExchangeOptions;
  readonly matcher: Matcher;
  /** Bindings that start here. */
  readonly outgoing: Set<Binding> = new Set();
  /** Routes of the topics published lately; the router empties it when the topology changes. */
  readonly routes: Map<Topic, Route> = new Map();
  isDeleted = false;

  constructor(name: string, options: ExchangeOptions, matcher: Matcher) {
    this.name = name;
    this.options = options;
    this.matcher = matcher;
  }
}
