import {
  BrokerError,
  type BindingSpec,
  type Client,
  type Consumer,
  type Delivery,
  type Destination,
  type QueueOptions,
  type Subscription,
  TOPIC_SPACE,
  type Window,
} from "@dragoman/core";
import { type ReasonCode, reasonCode } from "../codec/reason-code.ts";
import type { Subscribe, SubscriptionRequest } from "../codec/subscribe.ts";
import type { Unsubscribe } from "../codec/unsubscribe.ts";
import { filterBinding, type FilteredSource } from "../translation/filter-pattern.ts";
import type { Mounts } from "../translation/mounts.ts";
import type { MqttOptions } from "./options.ts";
import type { Outgoing } from "./outgoing.ts";
import type { PacketSender } from "./packet-sender.ts";
import { ReasonError, reasonOf } from "./reason.ts";
import type { SessionState, SessionSubscription, SubscriptionKind } from "./session-state.ts";
import type { ShareGroups } from "./share-groups.ts";
import { subscriptionKind } from "./subscription-kind.ts";

export interface SubscriptionsPorts {
  readonly client: Client;
  readonly clientId: string;
  readonly state: SessionState;
  readonly outgoing: Outgoing;
  readonly window: Window;
  readonly sender: PacketSender;
  readonly options: MqttOptions;
  readonly mounts: Mounts;
  readonly groups: ShareGroups;
  /** A queue that the client takes from was deleted: its connection cannot go on as if nothing were. */
  readonly queueDeleted: () => void;
}

/** The subscriptions of one connected client: MQTT 5.0 §3.8 to §3.11. */
export class Subscriptions {
  readonly #ports: SubscriptionsPorts;
  /** By the Topic Filter as it was written; the session's own queue has the empty one. */
  readonly #consumers = new Map<string, Consumer>();

  constructor(ports: SubscriptionsPorts) {
    this.#ports = ports;
  }

  /** Takes up what a kept session has subscribed to. */
  resume(): void {
    const { state } = this.#ports;
    const { session } = state;
    // An operator or another client may have deleted it.
    const isLost = session.queue === undefined || session.queue.isDeleted;
    if (isLost) session.queue = undefined;
    else this.#consumeOwnQueue();
    for (const [filter, { kind, granted }] of state.subscriptions) {
      try {
        if (kind.name !== "topics") this.#consume(filter, kind);
        else if (isLost) this.#bind(kind, granted);
      } catch (error) {
        // The queue is gone, or another's, or the right to it is: there is nothing left of the subscription.
        if (!(error instanceof BrokerError)) throw error;
        state.subscriptions.delete(filter);
      }
    }
  }

  /**
   * Handles a SUBSCRIBE; every filter as if it had come alone [MQTT-3.8.4-5].
   *
   * @throws BrokerError for what MQTT 5.0 §3.2.2.3 forbids where a capability is switched off
   */
  async subscribe({ packetId, properties, subscriptions }: Subscribe): Promise<void> {
    const { state, client, sender, outgoing } = this.#ports;
    const [id] = properties.subscriptionIdentifiers ?? [];
    this.#checkCapabilities(id, subscriptions);
    const reasons: ReasonCode[] = [];
    const feeds: (() => void)[] = [];
    outgoing.hold();
    for (const request of subscriptions) reasons.push(this.#subscribeOne(request, id, feeds));
    this.#save();
    // A session that is kept has its subscriptions from the SUBACK on, whatever happens.
    if (state.session.isKept) await client.vhost.durable();
    sender.send({ type: "suback", packetId, properties: {}, reasons });
    outgoing.go();
    for (const feed of feeds) feed();
  }

  /** Handles an UNSUBSCRIBE [MQTT-3.10.4-6]. What is on its way to the client is completed [MQTT-3.10.4-3]. */
  async unsubscribe({ packetId, filters }: Unsubscribe): Promise<void> {
    const { state, client, sender } = this.#ports;
    const reasons: ReasonCode[] = [];
    for (const filter of filters) {
      // Compared character by character [MQTT-3.10.4-1].
      const known = state.subscriptions.get(filter);
      reasons.push(known === undefined ? reasonCode.noSubscriptionExisted : reasonCode.success);
      if (known !== undefined) this.#end(filter, known.kind);
    }
    this.#save();
    if (state.session.isKept) await client.vhost.durable();
    // [MQTT-3.10.4-4], [MQTT-3.10.4-5]
    sender.send({ type: "unsuback", packetId, properties: {}, reasons });
  }

  /** The connection has ended: nothing more is taken from queues, and live subscriptions are over. */
  close(): void {
    const { state } = this.#ports;
    for (const consumer of this.#consumers.values()) consumer.cancel();
    this.#consumers.clear();
    if (state.session.queue !== undefined) return;
    for (const { kind } of state.subscriptions.values()) if (kind.name === "topics") this.#unbind(kind);
  }

  #checkCapabilities(id: number | undefined, requests: readonly SubscriptionRequest[]): void {
    const { options } = this.#ports;
    if (id !== undefined && !options.subscriptionIdentifierAvailable) {
      throw refusal(reasonCode.subscriptionIdentifiersNotSupported, "subscription identifiers");
    }
    for (const { filter } of requests) {
      if (!options.sharedSubscriptionAvailable && filter.startsWith("$share/")) {
        throw refusal(reasonCode.sharedSubscriptionsNotSupported, "shared subscriptions");
      }
      if (!options.wildcardSubscriptionAvailable && /[+#]/.test(filter)) {
        throw refusal(reasonCode.wildcardSubscriptionsNotSupported, "wildcards");
      }
    }
  }

  /** What the SUBACK says of one request [MQTT-3.8.4-6], [MQTT-3.8.4-7]. */
  #subscribeOne(request: SubscriptionRequest, id: number | undefined, feeds: (() => void)[]): ReasonCode {
    try {
      const { state } = this.#ports;
      const isNew = !state.subscriptions.has(request.filter);
      const subscription = this.#grant(request, id);
      const { kind, granted } = subscription;
      if (kind.name === "topics") this.#bind(kind, granted);
      else this.#checkRights(kind);
      if (isNew) this.#consume(request.filter, kind);
      state.subscriptions.set(request.filter, subscription);
      if (kind.name === "topics") this.#planRetained(kind, subscription, isNew, feeds);
      return granted.qos;
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      return reasonOf(error, "suback");
    }
  }

  #grant(request: SubscriptionRequest, id: number | undefined): SessionSubscription {
    const { options, clientId, client, mounts } = this.#ports;
    const qos = request.qos > options.maximumQos ? options.maximumQos : request.qos;
    const granted: Subscription = {
      qos,
      noLocalFor: request.noLocal ? clientId : undefined,
      retainAsPublished: request.retainAsPublished,
      id,
    };
    return { request, granted, kind: subscriptionKind(request.filter, client.vhost, mounts) };
  }

  #checkRights(kind: SubscriptionKind): void {
    if (kind.name !== "group") return;
    this.#ports.client.checkSubscribe(kind.exchange, filterBinding(kind.filter, undefined));
  }

  /** A binding of the same filter is replaced without a gap [MQTT-3.8.4-3], [MQTT-3.8.4-4]. */
  #bind({ exchange, filter }: FilteredSource, granted: Subscription): void {
    const { client } = this.#ports;
    const spec: BindingSpec = filterBinding(filter, granted);
    client.checkSubscribe(exchange, spec);
    const source = client.vhost.exchange(exchange);
    this.#ownQueue();
    client.vhost.topology.bind(source, this.#destination(), spec);
  }

  /** A kept session has a queue from its first subscription on. Others may look into it, and purge it. */
  #ownQueue(): void {
    const { client, state } = this.#ports;
    const { session } = state;
    if (!session.isKept || session.queue !== undefined) return;
    session.queue = client.vhost.topology.declareQueue(session.id, this.#queueOptions(true), undefined);
    this.#consumeOwnQueue();
  }

  #unbind({ exchange, filter }: FilteredSource): void {
    const { topology } = this.#ports.client.vhost;
    const source = topology.exchanges.get(exchange);
    const spec = filterBinding(filter, undefined);
    const binding = source && topology.findBinding(source, this.#destination(), spec);
    if (binding !== undefined) topology.unbind(binding);
  }

  /** A kept session has a queue; a clean one is a live receiver. */
  #destination(): Destination {
    const { queue } = this.#ports.state.session;
    return queue === undefined
      ? { kind: "subscriber", subscriber: this.#ports.outgoing }
      : { kind: "queue", queue };
  }

  #consumeOwnQueue(): void {
    const { queue } = this.#ports.state.session;
    if (queue === undefined) return;
    this.#consumers.set(
      "",
      queue.consume(...this.#consumerOf("", (delivery) => delivery.subscriptions ?? [])),
    );
  }

  #consume(filter: string, kind: SubscriptionKind): void {
    if (kind.name === "topics") return;
    const { client, groups, state } = this.#ports;
    const [options, port] = this.#consumerOf(filter, () => {
      const current = state.subscriptions.get(filter);
      return current === undefined ? [] : [current.granted];
    });
    if (kind.name === "queue") {
      this.#consumers.set(filter, client.consume(kind.queue, { ...options, start: kind.start }, port));
      return;
    }
    const queue = groups.join(kind.queue, kind, state, this.#queueOptions(state.session.isKept));
    try {
      this.#consumers.set(filter, queue.consume({ ...options, exclusive: kind.isExclusive }, port));
    } catch (error) {
      groups.leave(kind.queue, state);
      throw error;
    }
  }

  #consumerOf(
    tag: string,
    subscriptionsOf: (delivery: Delivery) => readonly Subscription[],
  ): Parameters<ConsumeCall> {
    const { outgoing, window, queueDeleted } = this.#ports;
    return [
      { tag, autoSettle: false, exclusive: false, priority: 0, windows: [window] },
      {
        deliver: (delivery) => outgoing.take(delivery, subscriptionsOf(delivery)),
        cancelled: queueDeleted,
      },
    ];
  }

  #end(filter: string, kind: SubscriptionKind): void {
    const { state, groups } = this.#ports;
    state.subscriptions.delete(filter);
    this.#consumers.get(filter)?.cancel();
    this.#consumers.delete(filter);
    if (kind.name === "topics") this.#unbind(kind);
    else if (kind.name === "group") groups.leave(kind.queue, state);
  }

  /** [MQTT-3.3.1-9], [MQTT-3.3.1-10], [MQTT-3.3.1-11]; none for shared subscriptions, §4.8.2. */
  #planRetained(
    { exchange, filter }: FilteredSource,
    { request, granted }: SessionSubscription,
    isNew: boolean,
    feeds: (() => void)[],
  ): void {
    if (exchange !== TOPIC_SPACE || request.retainHandling === "never") return;
    if (request.retainHandling === "if-new" && !isNew) return;
    const { client, clientId, outgoing } = this.#ports;
    feeds.push(() => {
      const { pattern } = filterBinding(filter, undefined);
      if (pattern === undefined) return;
      const retained = client.vhost.retained.match(pattern);
      const wanted = request.noLocal
        ? retained.filter(({ publisher }) => publisher.clientId !== clientId)
        : retained;
      if (wanted.length > 0) outgoing.feed(wanted, [{ ...granted, isRetainedCopy: true }]);
    });
  }

  #queueOptions(isKept: boolean): QueueOptions {
    const { maxQueuedMessages, maxQueuedBytes, keepsQos0 } = this.#ports.options;
    return {
      durable: isKept,
      exclusive: false,
      autoDelete: false,
      maxLength: maxQueuedMessages,
      maxBytes: maxQueuedBytes,
      overflow: "drop-head",
      dropsQos0WhenIdle: !keepsQos0,
    };
  }

  #save(): void {
    const { state, client } = this.#ports;
    if (!state.session.isKept) return;
    state.session.record = state.encode(false);
    client.vhost.sessions.save(state.session);
  }
}

type ConsumeCall = NonNullable<SessionState["session"]["queue"]>["consume"];

function refusal(reason: ReasonCode, what: string): ReasonError {
  return new ReasonError(reason, "unsupported", `${what} are not available, §3.2.2.3`);
}
