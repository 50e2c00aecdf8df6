import { BrokerError } from "@dragoman/core";
import type { Frame, FrameHeaders } from "../codec/frame.ts";
import { headerOf } from "../codec/frame.ts";
import { StompError } from "../stomp-error.ts";
import { tokenAt, type TokenNumbers } from "../translation/ack-token.ts";
import { requiredHeader } from "../translation/header-values.ts";
import type { ConnectionParts } from "./connection-parts.ts";
import type { Queues } from "./queues.ts";
import { SubscriptionMaker } from "./subscription-maker.ts";
import {
  durableName,
  readSubscribe,
  requiredDestination,
  type SubscribeRequest,
} from "./subscribe-request.ts";
import { type Acknowledged, QueueSubscription, type Subscription } from "./subscription.ts";

/** The subscriptions of one connection. */
export class Subscriptions {
  readonly #parts: ConnectionParts;
  readonly #queues: Queues;
  readonly #maker: SubscriptionMaker;
  /** By id; one of STOMP 1.0 without an id by its destination. */
  readonly #open = new Map<string, Subscription>();
  /** Those whose deliveries may still be acknowledged, also after they ended, by their number. */
  readonly #acknowledged = new Map<number, QueueSubscription>();
  /** Those of them that ended. */
  readonly #ended = new Set<QueueSubscription>();

  constructor(parts: ConnectionParts, queues: Queues) {
    this.#parts = parts;
    this.#queues = queues;
    this.#maker = new SubscriptionMaker(parts, queues, (subscription) => this.#queueIsGone(subscription));
  }

  /**
   * @throws BrokerError
   * @see STOMP 1.2, SUBSCRIBE
   */
  async subscribe(frame: Frame): Promise<void> {
    const { version, options, receipts } = this.#parts;
    const request = readSubscribe(frame, version, options.bareDestination);
    const key = keyOf(request.id, request.destinationText);
    if (this.#open.has(key)) {
      throw new StompError(
        "protocol-violation",
        "Duplicated subscription identifier",
        `there is a subscription with ${key} already: UNSUBSCRIBE it first`,
      );
    }
    if (this.#open.size >= options.maxSubscriptions) {
      throw new BrokerError("quota", `more than ${options.maxSubscriptions} subscriptions on one connection`);
    }
    const start = await this.#add(key, request);
    receipts.give(headerOf(frame.headers, "receipt"));
    start();
  }

  /**
   * A subscription to a temporary queue, for the answers that come there. Its messages carry the destination as
   * their subscription, as RabbitMQ has it. Does nothing when there is one.
   */
  async openTemporary(name: string): Promise<void> {
    const destinationText = `/temp-queue/${name}`;
    if (this.#isOpenFor(name) || !this.#parts.isOpen()) return;
    const start = await this.#add(keyOf(destinationText, destinationText), {
      id: destinationText,
      destination: { kind: "temp-queue", name },
      destinationText,
      ackMode: "auto",
      prefetch: Number.POSITIVE_INFINITY,
      selects: undefined,
      noLocal: false,
      exclusive: false,
      priority: 0,
      retained: false,
      durableName: undefined,
      queueName: undefined,
      wanted: {},
      start: undefined,
    });
    start();
  }

  /**
   * Ends a subscription; what it delivered can still be acknowledged. A durable one keeps its messages, unless
   * the frame says with the headers that made it that it shall be forgotten.
   *
   * @throws BrokerError
   * @see STOMP 1.2, UNSUBSCRIBE
   */
  unsubscribe({ headers }: Frame): Promise<void> | undefined {
    const { version, receipts } = this.#parts;
    const id = version === "1.0" ? headerOf(headers, "id") : requiredHeader(headers, "id", "UNSUBSCRIBE");
    const key = keyOf(id, id === undefined ? requiredDestination(headers, "UNSUBSCRIBE") : "");
    const subscription = this.#open.get(key);
    const durable = durableName(headers, id);
    if (subscription === undefined && durable === undefined) {
      throw new StompError("not-found", "Subscription not found", `there is no subscription with ${key}`);
    }
    if (subscription !== undefined) {
      this.#open.delete(key);
      subscription.end();
      if (subscription instanceof QueueSubscription) this.#ended.add(subscription);
    }
    const receipt = headerOf(headers, "receipt");
    if (durable !== undefined) {
      const name = headerOf(headers, "x-queue-name") ?? this.#maker.durableQueueName(durable);
      return this.#deleteQueue(name).then(() => receipts.give(receipt));
    }
    receipts.give(receipt);
    return undefined;
  }

  /**
   * Takes out the deliveries that an ACK or NACK speaks of: by the `ack` header's value in STOMP 1.2, by
   * `message-id` before. STOMP 1.1 wants the `subscription` too; our message-id says enough, and clients that
   * work with RabbitMQ need not give it.
   *
   * @throws StompError "not-found" when it is not pending
   */
  take(headers: FrameHeaders, command: "ACK" | "NACK"): Acknowledged {
    const header = this.tokenHeader;
    const token = Buffer.from(requiredHeader(headers, header, command));
    const numbers: TokenNumbers = { subscription: 0, delivery: 0 };
    const isToken = tokenAt(token, 0, token.length, numbers);
    const subscription = isToken ? this.#acknowledged.get(numbers.subscription) : undefined;
    const deliveries = subscription?.take(numbers.delivery) ?? [];
    if (subscription === undefined || deliveries.length === 0) {
      throw new StompError(
        "not-found",
        "Subscription not found",
        `${command}: header ${header} names no delivery that waits to be acknowledged`,
      );
    }
    return { subscription, deliveries };
  }

  /** The header of ACK and NACK that names a delivery. */
  get tokenHeader(): "id" | "message-id" {
    return this.#parts.version === "1.2" ? "id" : "message-id";
  }

  /** As `take`, and accepts what was taken; false when it is not pending. */
  accept(subscription: number, delivery: number): boolean {
    return this.#acknowledged.get(subscription)?.accept(delivery) ?? false;
  }

  /** Ends all of them; what was not acknowledged goes back to its queue. */
  end(): void {
    for (const subscription of this.#open.values()) subscription.end();
    this.#open.clear();
    for (const subscription of this.#acknowledged.values()) subscription.release();
    this.#acknowledged.clear();
    this.#ended.clear();
  }

  async #add(key: string, request: SubscribeRequest): Promise<() => void> {
    this.#sweep();
    const { subscription, start } = await this.#maker.open(request);
    if (!this.#parts.isOpen()) {
      subscription.end();
      throw new BrokerError("unavailable", "the connection has ended");
    }
    this.#open.set(key, subscription);
    if (subscription instanceof QueueSubscription) {
      this.#acknowledged.set(subscription.parts.number, subscription);
    }
    return start;
  }

  /** True when answers in that temporary queue reach the client already. */
  #isOpenFor(name: string): boolean {
    const queueName = this.#queues.temporaryName(name);
    for (const subscription of this.#open.values()) {
      if (subscription instanceof QueueSubscription && subscription.parts.queue.name === queueName)
        return true;
    }
    return false;
  }

  async #deleteQueue(name: string): Promise<void> {
    const { client } = this.#parts;
    if (!client.vhost.topology.queues.has(name)) return;
    await client.deleteQueue(name, { ifUnused: false, ifEmpty: false });
  }

  /** Forgets ended subscriptions for which no acknowledgement can come any more. */
  #sweep(): void {
    for (const subscription of this.#ended) {
      if (!subscription.isSettled) continue;
      this.#ended.delete(subscription);
      this.#acknowledged.delete(subscription.parts.number);
    }
  }

  #queueIsGone(subscription: QueueSubscription): void {
    const { queue } = subscription.parts;
    this.#parts.fail(new BrokerError("administrative", `queue '${queue.name}' was deleted`), undefined);
  }
}

/** Ids and destinations are different name spaces. */
function keyOf(id: string | undefined, destination: string): string {
  return id === undefined ? `destination "${destination}"` : `id "${id}"`;
}
