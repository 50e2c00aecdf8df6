import {
  type Cancel,
  type Consumer,
  type ConsumerPort,
  type Delivery,
  Deque,
  type Drops,
  type Message,
  type Pattern,
  type Queue,
  RetainedFeeds,
  type Subscriber,
  type Subscription as CoreSubscription,
  type Taken,
  Unsettled,
  type VirtualHost,
  wantedBy,
  type WindowWaiter,
} from "@dragoman/core";
import { type MessageWriter, noMarks } from "./message-writer.ts";
import type { Outbox } from "./outbox.ts";

export type AckMode = "auto" | "client" | "client-individual";

/** What a client is subscribed to, as long as it is. */
export type Subscription = LiveSubscription | QueueSubscription;

/** What both kinds of subscription need. */
export interface SubscriptionParts {
  /** As the client named it; undefined for one of STOMP 1.0 that has no id. */
  readonly id: string | undefined;
  readonly writer: MessageWriter;
  /** Undefined selects everything. */
  readonly selects: ((message: Message) => boolean) | undefined;
}

/** Messages that wait behind retained ones; more are dropped. */
const mostLater = 10_000;

/** A subscription without a queue: it sees what is published while it is there, as fast as its client reads. */
export class LiveSubscription implements Subscriber, WindowWaiter {
  readonly id: string | undefined;
  readonly #parts: SubscriptionParts;
  readonly #outbox: Outbox;
  readonly #drops: Drops;
  #cancel: Cancel | undefined;
  /** Until they were sent. */
  #retained: RetainedFeeds | undefined;
  /** What waits for them. */
  #later: Deque<Message> | undefined;

  constructor(parts: SubscriptionParts, outbox: Outbox, drops: Drops) {
    this.id = parts.id;
    this.#parts = parts;
    this.#outbox = outbox;
    this.#drops = drops;
  }

  /** @param subscribe lays the route to this subscription */
  open(subscribe: (subscriber: Subscriber) => Cancel): void {
    this.#cancel = subscribe(this);
  }

  /** What the topics have retained until now goes first, from `start` on, and what is published later waits for it. */
  beginWith({ retained, timers }: VirtualHost, pattern: Pattern): void {
    this.#retained = new RetainedFeeds([], timers, () => this.windowOpened());
    this.#later = new Deque();
    const walk = retained.walk(pattern);
    this.#retained.push({ key: "", subscriptions: [], wants: () => true, walk, messages: [] });
  }

  start(): void {
    this.windowOpened();
  }

  deliver(message: Message, subscriptions: readonly CoreSubscription[]): void {
    if (wantedBy(subscriptions, message.publisher.clientId).length === 0) return;
    if (this.#later === undefined) this.#offer(message, false);
    else if (this.#later.length < mostLater) this.#later.push(message);
    else this.#drops.count("slow-subscriber");
  }

  /** The peer can take more of what is retained. */
  windowOpened(): void {
    const { window } = this.#outbox;
    while (this.#retained !== undefined) {
      if (!window.isOpen) {
        window.await(this);
        return;
      }
      const next = this.#retained.next();
      if (next !== undefined) this.#offer(next.message, true);
      else if (this.#retained.isEmpty) this.#goOn();
      else return;
    }
  }

  /** All that is retained was sent. */
  #goOn(): void {
    const later = this.#later;
    this.#retained = this.#later = undefined;
    for (let next = later?.shift(); next !== undefined; next = later?.shift()) this.#offer(next, false);
  }

  end(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#retained?.close(false);
    this.#retained = undefined;
    this.#outbox.window.forget(this);
  }

  #offer(message: Message, retained: boolean): void {
    const { selects, writer } = this.#parts;
    if (selects !== undefined && !selects(message)) return;
    if (this.#outbox.isOverfull) {
      this.#drops.count("slow-subscriber");
      return;
    }
    writer.write(message, 0, retained ? { ...noMarks, retained } : noMarks);
  }
}

/** How a subscription to a queue hands on what it gets. */
export interface QueueParts extends SubscriptionParts {
  readonly queue: Queue;
  /** Its number within the connection: the first part of every acknowledgement. */
  readonly number: number;
  readonly ackMode: AckMode;
  /** Nobody else takes from the queue, so what the selector leaves out is of no use to anyone. */
  readonly dropsUnselected: boolean;
  /** The queue is gone. */
  readonly onCancelled: (subscription: QueueSubscription) => void;
}

/** The deliveries that an ACK or NACK speaks of. */
export interface Acknowledged {
  readonly subscription: QueueSubscription;
  readonly deliveries: readonly Taken[];
}

/** A consumer of a queue, and the deliveries that its client has not acknowledged. */
export class QueueSubscription implements ConsumerPort {
  readonly id: string | undefined;
  readonly parts: QueueParts;
  readonly #pending = new Unsettled();
  #consumer: Consumer | undefined;
  #inTransactions = 0;

  constructor(parts: QueueParts) {
    this.id = parts.id;
    this.parts = parts;
  }

  /** No ACK can come any more, and no transaction can be aborted that holds one. */
  get isSettled(): boolean {
    return this.#pending.count === 0 && this.#inTransactions === 0;
  }

  /** @param consume makes this a consumer of the queue */
  open(consume: (port: ConsumerPort) => Consumer): void {
    this.#consumer = consume(this);
  }

  deliver(delivery: Delivery): void {
    const { selects, dropsUnselected } = this.parts;
    if (dropsUnselected && selects !== undefined && !selects(delivery.message)) {
      delivery.settle("accepted");
      return;
    }
    this.#write(delivery, delivery.subscriptions?.some(({ isRetainedCopy }) => isRetainedCopy) ?? false);
  }

  cancelled(): void {
    this.parts.onCancelled(this);
  }

  /**
   * Takes out what an ACK or NACK of that delivery means: in mode `client` also all that were sent before it.
   * Empty when it is not pending.
   */
  take(number: number): readonly Taken[] {
    if (this.parts.ackMode === "client") return this.#pending.takeUpTo(number);
    const delivery = this.#pending.takeOne(number);
    return delivery === undefined ? [] : [[number, delivery]];
  }

  /** As `take`, and accepts what was taken; false when it is not pending. */
  accept(number: number): boolean {
    if (this.parts.ackMode !== "client") {
      const delivery = this.#pending.takeOne(number);
      delivery?.settle("accepted");
      return delivery !== undefined;
    }
    const taken = this.#pending.takeUpTo(number);
    for (const [, delivery] of taken) delivery.settle("accepted");
    return taken.length > 0;
  }

  /** What was taken is part of a transaction now: it may come back. */
  holdFor(taken: readonly Taken[]): void {
    this.#inTransactions += taken.length;
  }

  /** The transaction was committed. */
  letGo(taken: readonly Taken[]): void {
    this.#inTransactions -= taken.length;
  }

  /** The transaction was aborted. */
  putBack(taken: readonly Taken[]): void {
    this.#inTransactions -= taken.length;
    this.#pending.putBack(taken);
  }

  /** Gets nothing any more; what is pending can still be acknowledged. */
  end(): void {
    this.#consumer?.cancel();
  }

  /** The connection is gone: what was sent and not acknowledged goes back. */
  release(): void {
    for (const [, delivery] of this.#pending.takeAll()) delivery.settle("released");
  }

  #write(delivery: Delivery, retained: boolean): void {
    const { writer, ackMode } = this.parts;
    const { message, redelivered, offset } = delivery;
    const number = ackMode === "auto" ? 0 : this.#pending.add(delivery);
    const isFirst = !redelivered && !retained && offset === undefined;
    writer.write(message, number, isFirst ? noMarks : { redelivered, retained, offset });
  }
}
