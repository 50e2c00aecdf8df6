import {
  BrokerError,
  type BindingSpec,
  type Client,
  type Consumer,
  type Delivery,
  type Destination,
  type QueueOptions,
  type Subscription,
  plainSubscription,
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
import type { NamedSubscription, SessionState } from "./session-state.ts";
import type { ShareGroups } from "./share-groups.ts";
import { type SubscriptionKind, subscriptionKind } from "./subscription-kind.ts";

export interface SubscriptionsPorts {
  readonly client: Client;
  readonly clientId: string;
  readonly state: SessionState;
  readonly outgoing: Outgoing;
  readonly queueGate: Window;
  readonly sender: PacketSender;
  readonly options: MqttOptions;
  readonly mounts: Mounts;
  readonly groups: ShareGroups;
  /** A queue that the client takes from was deleted: its connection cannot go on as if nothing were. */
  queueDeleted(): void;
}

/** The subscriptions of one connected client: MQTT 5.0 §3.8 to §3.11. */
export class Subscriptions {
  readonly #ports: SubscriptionsPorts;
  /** By the Topic Filter as it was written; the session's own queue has the empty one. */
  #consumers: Map<string, Consumer> | undefined;
  /** The session's record has changed, and not only the bindings of its queue. */
  #hasNews = false;

  constructor(ports: SubscriptionsPorts) {
    this.#ports = ports;
  }

  /** Takes up what a kept session has subscribed to. */
  resume(): void {
    const { state } = this.#ports;
    this.#consumeOwnQueue();
    for (const [filter, { kind }] of state.named) {
      try {
        this.#consume(filter, kind);
      } catch (error) {
        // The queue is gone, or another's, or the right to it is: there is nothing left of the subscription.
        if (!(error instanceof BrokerError)) throw error;
        state.named.delete(filter);
      }
    }
  }

  /**
   * Handles a SUBSCRIBE; every filter as if it had come alone [MQTT-3.8.4-5], MQTT 3.1.1 [MQTT-3.8.4-4].
   *
   * @throws BrokerError for what MQTT 5.0 §3.2.2.3 forbids where a capability is switched off
   */
  async subscribe({ packetId, properties, subscriptions }: Subscribe): Promise<void> {
    const { state, client, sender, outgoing } = this.#ports;
    const [id] = properties.subscriptionIdentifiers ?? [];
    this.#checkCapabilities(id, subscriptions);
    const reasons: ReasonCode[] = [];
    outgoing.hold();
    for (const request of subscriptions) reasons.push(this.#subscribeOne(request, id));
    this.#save();
    // A session that is kept has its subscriptions from the SUBACK on, whatever happens.
    if (state.session.isKept) await client.vhost.durable();
    if (outgoing.isClosed) return;
    // [MQTT-3.8.4-1], [MQTT-3.8.4-2], [MQTT-2.2.1-6], MQTT 3.1.1 [MQTT-2.3.1-7]
    sender.send({ type: "suback", packetId, properties: {}, reasons });
    outgoing.go();
  }

  /**
   * Handles an UNSUBSCRIBE [MQTT-3.10.4-6], MQTT 3.1.1 [MQTT-3.10.4-3]. What is on its way to the client is completed
   * [MQTT-3.10.4-3], MQTT 3.1.1 [MQTT-3.10.4-5].
   */
  async unsubscribe({ packetId, filters }: Unsubscribe): Promise<void> {
    const { state, client, sender } = this.#ports;
    // [MQTT-3.10.4-2]
    const reasons = filters.map((filter) =>
      this.#end(filter) ? reasonCode.success : reasonCode.noSubscriptionExisted,
    );
    this.#save();
    if (state.session.isKept) await client.vhost.durable();
    // [MQTT-3.10.4-4], [MQTT-3.10.4-5], MQTT 3.1.1 [MQTT-3.10.4-1], [MQTT-3.10.4-2]
    sender.send({ type: "unsuback", packetId, properties: {}, reasons });
  }

  /** The connection has ended: nothing more is taken from queues, and live subscriptions are over. */
  close(): void {
    const { client, outgoing } = this.#ports;
    for (const consumer of this.#consumers?.values() ?? []) consumer.cancel();
    this.#consumers = undefined;
    client.vhost.topology.unbindAll(outgoing);
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
      // MQTT 3.1.1 [MQTT-3.8.3-2]
      if (!options.wildcardSubscriptionAvailable && /[+#]/.test(filter)) {
        throw refusal(reasonCode.wildcardSubscriptionsNotSupported, "wildcards");
      }
    }
  }

  /** What the SUBACK says of one request [MQTT-3.8.4-6], [MQTT-3.8.4-7], MQTT 3.1.1 [MQTT-3.8.4-5]. */
  #subscribeOne(request: SubscriptionRequest, id: number | undefined): ReasonCode {
    try {
      const { client, mounts } = this.#ports;
      const kind = subscriptionKind(request.filter, client.vhost, mounts);
      const granted = this.#grant(request, id);
      if (kind.name === "topics") this.#subscribeTopics(kind, granted, request);
      else this.#subscribeNamed(request.filter, { kind, granted });
      return granted.qos;
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      return reasonOf(error, "suback");
    }
  }

  #grant(request: SubscriptionRequest, id: number | undefined): Subscription {
    const { options, clientId } = this.#ports;
    const { retainAsPublished, noLocal } = request;
    // [MQTT-3.2.2-10]
    const qos = request.qos > options.maximumQos ? options.maximumQos : request.qos;
    if (id === undefined && !noLocal) return plainSubscription(qos, retainAsPublished);
    // [MQTT-3.8.3-3]
    return { qos, noLocalFor: noLocal ? clientId : undefined, retainAsPublished, id };
  }

  #subscribeTopics(source: FilteredSource, granted: Subscription, request: SubscriptionRequest): void {
    const isNew = this.#bind(source, granted);
    this.#feedRetained(source, request, granted, isNew);
  }

  #subscribeNamed(filter: string, subscription: NamedSubscription): void {
    const { named } = this.#ports.state;
    this.#checkRights(subscription.kind);
    if (!named.has(filter)) this.#consume(filter, subscription.kind);
    named.set(filter, subscription);
    this.#hasNews = true;
  }

  #checkRights(kind: NamedSubscription["kind"]): void {
    if (kind.name !== "group") return;
    this.#ports.client.checkSubscribe(kind.exchange, filterBinding(kind.filter, undefined));
  }

  /**
   * A binding of the same filter is replaced without a gap [MQTT-3.8.4-3], [MQTT-3.8.4-4].
   *
   * @returns false when there was one
   */
  #bind({ exchange, filter }: FilteredSource, granted: Subscription): boolean {
    const { client } = this.#ports;
    const { topology } = client.vhost;
    const spec: BindingSpec = filterBinding(filter, granted);
    client.checkSubscribe(exchange, spec);
    const source = client.vhost.exchange(exchange);
    this.#ownQueue();
    const isNew = topology.findBinding(source, this.#destination(), spec) === undefined;
    topology.bind(source, this.#destination(), spec);
    return isNew;
  }

  /**
   * A kept session has a queue from its first subscription on, where messages wait for its client, MQTT 3.1.1
   * [MQTT-3.1.2-5]. Others may look into it, and purge it.
   */
  #ownQueue(): void {
    const { client, state } = this.#ports;
    const { session } = state;
    if (!session.isKept || session.queue !== undefined) return;
    session.queue = client.vhost.topology.declareQueue(session.id, this.#queueOptions(true), undefined);
    this.#hasNews = true;
    this.#consumeOwnQueue();
  }

  /** False when it is not bound. */
  #unbind({ exchange, filter }: FilteredSource): boolean {
    const { topology } = this.#ports.client.vhost;
    const source = topology.exchanges.get(exchange);
    const spec = filterBinding(filter, undefined);
    const binding = source && topology.findBinding(source, this.#destination(), spec);
    if (binding !== undefined) topology.unbind(binding);
    return binding !== undefined;
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
    this.#keep("", queue.consume(...this.#consumerOf("", (delivery) => delivery.subscriptions ?? none)));
  }

  #consume(filter: string, kind: NamedSubscription["kind"]): void {
    const { client, groups, state } = this.#ports;
    const granted = sameWhileSame(() => state.named.get(filter)?.granted);
    const [options, port] = this.#consumerOf(filter, granted);
    if (kind.name === "queue") {
      this.#keep(filter, client.consume(kind.queue, { ...options, start: kind.start }, port));
      return;
    }
    const queue = groups.join(kind.queue, kind, state, this.#queueOptions(state.session.isKept));
    try {
      this.#keep(filter, queue.consume({ ...options, exclusive: kind.isExclusive }, port));
    } catch (error) {
      groups.leave(kind.queue, state);
      throw error;
    }
  }

  #keep(filter: string, consumer: Consumer): void {
    this.#consumers ??= new Map();
    this.#consumers.set(filter, consumer);
  }

  #consumerOf(
    tag: string,
    subscriptionsOf: (delivery: Delivery) => readonly Subscription[],
  ): Parameters<ConsumeCall> {
    const { outgoing, queueGate } = this.#ports;
    return [
      { tag, autoSettle: false, exclusive: false, priority: 0, window: queueGate },
      {
        deliver: (delivery) => outgoing.take(delivery, subscriptionsOf(delivery)),
        cancelled: () => this.#ports.queueDeleted(),
      },
    ];
  }

  /** Compared character by character [MQTT-3.10.4-1], MQTT 3.1.1 [MQTT-3.10.4-4]. False when there is no such subscription. */
  #end(filter: string): boolean {
    const { state, groups, outgoing } = this.#ports;
    outgoing.endFeed(filter);
    const known = state.named.get(filter);
    if (known === undefined) return this.#endTopics(filter);
    state.named.delete(filter);
    this.#hasNews = true;
    this.#consumers?.get(filter)?.cancel();
    this.#consumers?.delete(filter);
    if (known.kind.name === "group") groups.leave(known.kind.queue, state);
    return true;
  }

  #endTopics(filter: string): boolean {
    const kind = this.#kindOf(filter);
    return kind?.name === "topics" && this.#unbind(kind);
  }

  /** Undefined for what can stand for nothing. */
  #kindOf(filter: string): SubscriptionKind | undefined {
    const { client, mounts } = this.#ports;
    try {
      return subscriptionKind(filter, client.vhost, mounts);
    } catch (error) {
      if (error instanceof BrokerError) return undefined;
      throw error;
    }
  }

  /** [MQTT-3.3.1-9], [MQTT-3.3.1-10], [MQTT-3.3.1-11], MQTT 3.1.1 [MQTT-3.3.1-6]; none for shared subscriptions, §4.8.2. */
  #feedRetained(
    { exchange, filter }: FilteredSource,
    request: SubscriptionRequest,
    granted: Subscription,
    isNew: boolean,
  ): void {
    if (exchange !== TOPIC_SPACE || request.retainHandling === "never") return;
    if (request.retainHandling === "if-new" && !isNew) return;
    const { client, clientId, outgoing } = this.#ports;
    const { pattern } = filterBinding(filter, undefined);
    if (pattern === undefined) return;
    // From now on live messages are the subscription's own matter.
    outgoing.feed({
      key: request.filter,
      subscriptions: [{ ...granted, isRetainedCopy: true }],
      wants: ({ publisher }) => !request.noLocal || publisher.clientId !== clientId,
      walk: client.vhost.retained.walk(pattern),
      messages: [],
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
    if (!state.session.isKept || !this.#hasNews) return;
    this.#hasNews = false;
    state.session.record = state.encode(false);
    client.vhost.sessions.save(state.session);
  }
}

const none: readonly Subscription[] = [];

/** What is granted as a list, the same one until something else is: packets for it are like those before. */
function sameWhileSame(granted: () => Subscription | undefined): () => readonly Subscription[] {
  let last = none;
  return () => {
    const now = granted();
    if (now !== last[0]) last = now === undefined ? none : [now];
    return last;
  };
}

type ConsumeCall = NonNullable<SessionState["session"]["queue"]>["consume"];

function refusal(reason: ReasonCode, what: string): ReasonError {
  return new ReasonError(reason, "unsupported", `${what} are not available, §3.2.2.3`);
}
