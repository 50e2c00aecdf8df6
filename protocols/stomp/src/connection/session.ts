import {
  BrokerError,
  DEFAULT_EXCHANGE,
  GenerationCache,
  Message,
  type Settlement,
  type Topic,
  TOPIC_SPACE,
  type Window,
} from "@dragoman/core";
import type { Frame, FrameHeaders } from "../codec/frame.ts";
import { headerOf } from "../codec/frame.ts";
import { StompError } from "../stomp-error.ts";
import { type Destination, parseDestination } from "../translation/destination.ts";
import { booleanHeader, requiredHeader } from "../translation/header-values.ts";
import { namesQueueOptions, readQueueOptions, type WantedOptions } from "../translation/queue-options.ts";
import { replyQueueText } from "../translation/reply-to.ts";
import { SendReader } from "../translation/send-message.ts";
import { topicPath } from "../translation/topic-spelling.ts";
import type { ConnectionParts } from "./connection-parts.ts";
import { Queues } from "./queues.ts";
import type { SendPlan } from "./send-plan.ts";
import { requiredDestination } from "./subscribe-request.ts";
import { Subscriptions } from "./subscriptions.ts";
import { Transactions } from "./transaction.ts";

/** Where a SEND leads. */
interface Target {
  readonly destination: Destination;
  readonly exchange: string;
  readonly topic: Topic;
}

/** Destinations of one connection that are remembered with what they lead to. */
const rememberedTargets = 1_000;
/** Characters; a thousand destinations of the length that a header may have would fill the memory. */
const longestRemembered = 1_024;

/** What a client that has logged in can do: one method for each command, each called with a frame of it. */
export class Session {
  readonly #parts: ConnectionParts;
  readonly #queues: Queues;
  readonly #subscriptions: Subscriptions;
  readonly #transactions: Transactions;
  readonly #sends = new SendReader();
  readonly #targets = new GenerationCache<string, Target>(rememberedTargets);

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
    this.#queues = new Queues(parts.client);
    this.#subscriptions = new Subscriptions(parts, this.#queues);
    this.#transactions = new Transactions(parts.client, parts.options.maxTransactionBytes);
  }

  /**
   * Publishes; a promise only if a queue has to be made first.
   *
   * @throws BrokerError
   * @see STOMP 1.2, SEND
   */
  send(frame: Frame): Promise<void> | undefined {
    const { headers } = frame;
    if (headerOf(headers, "message-id") !== undefined) {
      throw new StompError("malformed", "Invalid header", "header message-id is not allowed on SEND");
    }
    const { client, broker, version } = this.#parts;
    const text = requiredDestination(headers, "SEND");
    const { destination, exchange, topic } = this.#targetOf(text);
    const replyTo = this.#temporaryReplyTo(headers);
    const message = this.#sends.read(frame, {
      exchange,
      topic,
      publisher: client.publisher,
      version,
      nowMs: broker.clock.now(),
      replyTo: replyTo && replyQueueText(this.#queues.temporaryName(replyTo)),
    });
    const publish = (): void => {
      const receipt = headerOf(headers, "receipt");
      const transaction = headerOf(headers, "transaction");
      if (transaction !== undefined) this.#transactions.publish(transaction, message, receipt);
      else if (receipt === undefined) refuseOverflow([client.publish(message)]);
      else {
        const { receipts } = this.#parts;
        refuseOverflow([client.publish(message, receipts.ledger, receipts.owe([receipt]))]);
      }
    };
    const ready = this.#prepare(destination, headers, replyTo);
    if (ready !== undefined) return ready.then(publish);
    publish();
    return undefined;
  }

  /**
   * What the next SENDs with the same headers but `receipt` and `content-length` mean, after one was published.
   * Undefined when each must be looked at for itself.
   */
  planSend({ headers }: Frame): SendPlan | undefined {
    const { vhost } = this.#parts.client;
    const head = this.#sends.headOf(headers);
    if (head === undefined || headerOf(headers, "transaction") !== undefined) return undefined;
    const { destination } = this.#targetOf(requiredDestination(headers, "SEND"));
    if (!this.#isReady(destination, headers, this.#temporaryReplyTo(headers))) return undefined;
    return { exchange: vhost.exchange(head.exchange), head, generation: vhost.topology.router.generation };
  }

  /**
   * Publishes a message with that body.
   *
   * @throws BrokerError "overflow"
   */
  sendPlanned(
    { exchange, head }: SendPlan,
    body: Uint8Array,
    receipt: string | undefined,
    nowMs: number,
  ): void {
    const { client, receipts } = this.#parts;
    const message = new Message({ body, receivedAtMs: nowMs }, head);
    const outcome =
      receipt === undefined
        ? client.vhost.publishTo(exchange, message)
        : client.vhost.publishTo(exchange, message, receipts.ledger, receipts.owe([receipt]));
    if (outcome === "overflow") refuseOverflow([outcome]);
  }

  /** Grows with each change of the topology: a plan of before does not hold any longer. */
  get generation(): number {
    return this.#parts.client.vhost.topology.router.generation;
  }

  /** The header of ACK that names a delivery. */
  get tokenHeader(): "id" | "message-id" {
    return this.#subscriptions.tokenHeader;
  }

  /** All deliveries of the connection pass through it. */
  get window(): Window {
    return this.#parts.outbox.window;
  }

  get isOpen(): boolean {
    return this.#parts.isOpen();
  }

  subscribe(frame: Frame): Promise<void> {
    return this.#subscriptions.subscribe(frame);
  }

  unsubscribe(frame: Frame): Promise<void> | undefined {
    return this.#subscriptions.unsubscribe(frame);
  }

  /** @see STOMP 1.2, ACK */
  ack({ headers }: Frame): void {
    this.#settle(headers, "ACK", "accepted");
  }

  /**
   * As an ACK of that delivery outside of a transaction.
   *
   * @returns false, and does nothing, when it is not pending
   */
  accept(subscription: number, delivery: number, receipt: string | undefined): boolean {
    if (!this.#subscriptions.accept(subscription, delivery)) return false;
    if (receipt !== undefined) this.#commitReceipt(receipt);
    return true;
  }

  /** Gives back to the queue, or with `requeue:false` to its dead-letter exchange. STOMP 1.2, NACK */
  nack({ headers }: Frame): void {
    const isRequeued = booleanHeader(headers, "requeue") ?? true;
    this.#settle(headers, "NACK", isRequeued ? "released" : "rejected");
  }

  begin({ headers }: Frame): void {
    this.#transactions.begin(requiredHeader(headers, "transaction", "BEGIN"));
    this.#parts.receipts.give(headerOf(headers, "receipt"));
  }

  commit({ headers }: Frame): void {
    const name = requiredHeader(headers, "transaction", "COMMIT");
    refuseOverflow(this.#transactions.commit(name, this.#parts.receipts, headerOf(headers, "receipt")));
  }

  abort({ headers }: Frame): void {
    const { receipts } = this.#parts;
    for (const receipt of this.#transactions.abort(requiredHeader(headers, "transaction", "ABORT"))) {
      receipts.give(receipt);
    }
    receipts.give(headerOf(headers, "receipt"));
  }

  /**
   * Ends everything and, when all that was sent before is safe, says so.
   *
   * @param done called after the RECEIPT
   * @see STOMP 1.2, DISCONNECT
   */
  disconnect({ headers }: Frame, done: () => void): void {
    this.end();
    const { client, receipts } = this.#parts;
    const receipt = headerOf(headers, "receipt");
    client.vhost.commitReceipt(receipts.ledger, receipts.owe(receipt === undefined ? [] : [receipt], done));
  }

  /** Aborts transactions, ends subscriptions and gives back what was not acknowledged. Does no harm twice. */
  end(): void {
    this.#transactions.abortAll();
    this.#subscriptions.end();
  }

  #settle(headers: FrameHeaders, command: "ACK" | "NACK", settlement: Settlement): void {
    const transaction = headerOf(headers, "transaction");
    if (transaction !== undefined) this.#transactions.require(transaction);
    const taken = this.#subscriptions.take(headers, command);
    const receipt = headerOf(headers, "receipt");
    if (transaction !== undefined) {
      this.#transactions.settle(transaction, taken, settlement, receipt);
      return;
    }
    for (const [, delivery] of taken.deliveries) delivery.settle(settlement);
    if (receipt !== undefined) this.#commitReceipt(receipt);
  }

  /** Sends the RECEIPT when everything so far is on stable storage. */
  #commitReceipt(receipt: string): void {
    const { client, receipts } = this.#parts;
    client.vhost.commitReceipt(receipts.ledger, receipts.owe([receipt]));
  }

  #targetOf(text: string): Target {
    let target = this.#targets.get(text);
    if (target === undefined) {
      const destination = parseDestination(text, this.#parts.options.bareDestination);
      target = { destination, ...this.#placeOf(destination) };
      if (text.length <= longestRemembered) this.#targets.set(text, target);
    }
    return target;
  }

  #placeOf(destination: Destination): { readonly exchange: string; readonly topic: Topic } {
    const { topics } = this.#parts.client.vhost;
    switch (destination.kind) {
      case "topic":
        return { exchange: TOPIC_SPACE, topic: topics.fromPath(topicPath(destination.text)) };
      case "exchange":
        return { exchange: destination.exchange, topic: topics.fromKey(destination.key ?? "") };
      case "temp-queue":
        return {
          exchange: DEFAULT_EXCHANGE,
          topic: topics.fromKey(this.#queues.temporaryName(destination.name)),
        };
      case "queue":
      case "amq-queue":
      case "reply-queue":
        return { exchange: DEFAULT_EXCHANGE, topic: topics.fromKey(destination.name) };
    }
  }

  /** The name of the temporary queue that answers are wanted in. */
  #temporaryReplyTo(headers: FrameHeaders): string | undefined {
    const replyTo = headerOf(headers, "reply-to");
    if (replyTo === undefined || !/^(?:\/temp-queue\/|temp-queue:\/\/)./.test(replyTo)) return undefined;
    const destination = parseDestination(replyTo);
    return destination.kind === "temp-queue" ? destination.name : undefined;
  }

  /** Makes the queues that a SEND takes for granted. */
  #prepare(
    destination: Destination,
    headers: FrameHeaders,
    replyTo: string | undefined,
  ): Promise<void> | undefined {
    if (this.#isReady(destination, headers, replyTo)) return undefined;
    const wanted = destination.kind === "queue" ? readQueueOptions(headers) : {};
    return this.#makeQueues(destination, wanted, replyTo);
  }

  /** All queues that a SEND takes for granted are there. */
  #isReady(destination: Destination, headers: FrameHeaders, replyTo: string | undefined): boolean {
    if (replyTo !== undefined) return false;
    if (destination.kind !== "queue") return destination.kind !== "temp-queue";
    return this.#queues.has(destination.name) && !namesQueueOptions(headers);
  }

  async #makeQueues(
    destination: Destination,
    wanted: WantedOptions,
    replyTo: string | undefined,
  ): Promise<void> {
    if (destination.kind === "queue") await this.#queues.ensure(destination.name, wanted);
    if (destination.kind === "temp-queue") await this.#subscriptions.openTemporary(destination.name);
    if (replyTo !== undefined) await this.#subscriptions.openTemporary(replyTo);
  }
}

function refuseOverflow(outcomes: readonly string[]): void {
  if (outcomes.includes("overflow")) throw new BrokerError("overflow", "a queue for this message is full");
}
