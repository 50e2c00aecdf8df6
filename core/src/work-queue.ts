import type { Cancel } from "./clock.ts";
import {
  type CancelReason,
  Consumer,
  type ConsumerOptions,
  type ConsumerOwner,
  type ConsumerPort,
} from "./consumer.ts";
import { Consumers } from "./consumers.ts";
import type { Delivery, Settlement } from "./delivery.ts";
import type { DropReason } from "./drops.ts";
import type { LogEntry, QueueLog } from "./engine.ts";
import { BrokerError } from "./errors.ts";
import type { DeathReason, Message } from "./message.ts";
import type { Paging } from "./paging.ts";
import { type EntryOwner, QueueEntry } from "./queue-entry.ts";
import type { EnqueueOutcome, Queue, QueueHost, QueueIdentity } from "./queue.ts";
import type { QueueOptions } from "./queue-options.ts";
import { ReadyEntries, type ReadyOwner } from "./ready-entries.ts";
import { type Subscription, wantedBy } from "./subscription.ts";
import { decodeSubscriptions } from "./subscription-record.ts";

/** The ordinary kind of queue: a message goes to one consumer, and leaves when it is settled. */
export class WorkQueue implements Queue, ConsumerOwner, EntryOwner, ReadyOwner {
  readonly name: string;
  readonly options: QueueOptions;
  readonly owner: Queue["owner"];
  readonly isKept: boolean;
  readonly #host: QueueHost;
  /** Where its durable messages are stored; undefined when it is not kept. */
  readonly #log: QueueLog | undefined;
  readonly #ready: ReadyEntries;
  readonly #consumers: Consumers;
  /** When it is full the oldest message goes; otherwise the newest is refused. */
  readonly #dropsHead: boolean;
  readonly #maxLength: number;
  readonly #maxBytes: number;
  #lastPosition = 0;
  #isRecovering = false;
  #isDispatching = false;
  /** No entry that waits is wanted by a consumer that does: only what comes has to be looked at. */
  #isSearched = false;
  /** Just enqueued: it may be handed over once though its time to live is 0. */
  #arriving: QueueEntry | undefined;
  #isDeleted = false;
  #headTimer: { readonly atMs: number; readonly cancel: Cancel } | undefined;
  #idleTimer: Cancel | undefined;

  constructor(identity: QueueIdentity, options: QueueOptions, host: QueueHost) {
    this.name = identity.name;
    this.owner = identity.owner;
    this.options = options;
    this.isKept = options.durable && !options.exclusive;
    this.#host = host;
    this.#log = this.isKept ? host.openLog(identity.name) : undefined;
    this.#ready = new ReadyEntries(options.maxPriority ?? 0, this.#log, this);
    this.#consumers = new Consumers(options.singleActiveConsumer ?? false, () => this.#search());
    const { overflow = "drop-head", maxLength = Infinity, maxBytes = Infinity } = options;
    this.#dropsHead = overflow === "drop-head";
    this.#maxLength = maxLength;
    this.#maxBytes = maxBytes;
    this.touch();
  }

  get messageCount(): number {
    return this.#ready.length;
  }

  get byteCount(): number {
    return this.#ready.byteCount;
  }

  get unsettledCount(): number {
    return this.#ready.heldCount;
  }

  get consumerCount(): number {
    return this.#consumers.count;
  }

  get isDeleted(): boolean {
    return this.#isDeleted;
  }

  get lastPosition(): number {
    return this.#lastPosition;
  }

  async *browse(): AsyncGenerator<Message, void> {
    for await (const { message } of this.#ready.browse()) yield message;
  }

  whenReadable(): Promise<void> {
    return this.#ready.whenReadable();
  }

  pageOut(): void {
    this.#ready.pageOut();
  }

  enqueue(message: Message, subscriptions: readonly Subscription[] | undefined): EnqueueOutcome {
    const wanted = subscriptions && wantedBy(subscriptions, message.publisher.clientId);
    if (wanted?.length === 0 || this.#isDeleted) return "dropped";
    if (wanted !== undefined && this.#isUnwantedWhileIdle(message, wanted)) {
      return this.#drop("offline");
    }
    if (this.#refuses(message)) {
      if (this.options.overflow === "reject-publish-dead-letter")
        this.#host.deadLetter(this, message, "overflow");
      else this.#host.drops.count("overflow");
      return "refused";
    }
    const entry = this.#append(message, wanted);
    if (!this.#handOverAtOnce(entry)) this.#line(entry);
    return entry.isStored ? "stored" : "taken";
  }

  async recover(): Promise<void> {
    this.#isRecovering = true;
    this.#lastPosition = await this.#ready.recover();
  }

  resume(): void {
    this.#isRecovering = false;
    this.#watchHead();
  }

  consume(options: ConsumerOptions, port: ConsumerPort): Consumer {
    if (this.#consumers.hasExclusive || (options.exclusive && this.#consumers.count > 0)) {
      throw new BrokerError("locked", `queue '${this.name}' has a consumer that excludes another`);
    }
    const consumer = new Consumer(options, port, this);
    this.#consumers.add(consumer);
    this.touch();
    this.#search();
    return consumer;
  }

  get(): Delivery | undefined {
    this.touch();
    this.#expireHead();
    const entry = this.#ready.shift();
    if (entry === undefined) return undefined;
    entry.state = "taken";
    entry.consumer = undefined;
    this.#ready.hold(entry);
    this.#watchHead();
    return entry;
  }

  purge(): number {
    const count = this.#ready.length;
    for (const entry of this.#ready.inMemory()) this.#forget(entry);
    for (const range of this.#ready.ranges()) this.#log?.removeRange(range);
    this.#ready.clear();
    this.#host.drops.count("purged", count);
    return count;
  }

  touch(): void {
    this.#idleTimer?.();
    this.#idleTimer = undefined;
    const { expiresMs } = this.options;
    if (expiresMs === undefined || this.#isDeleted || this.#consumers.count > 0) return;
    const { timers } = this.#host;
    this.#idleTimer = timers.at(timers.now() + expiresMs, () => this.#host.removeQueue(this));
  }

  delete(reason: CancelReason): void {
    if (this.#isDeleted) return;
    this.#isDeleted = true;
    this.#headTimer?.cancel();
    this.#idleTimer?.();
    this.#log?.drop();
    this.#ready.close();
    this.owner?.queueDeleted(this);
    for (const consumer of this.#consumers.all()) {
      this.#consumers.remove(consumer);
      consumer.port.cancelled(reason);
    }
  }

  removeConsumer(consumer: Consumer): void {
    this.#consumers.remove(consumer);
    this.touch();
    if (this.options.autoDelete && this.#consumers.count === 0) this.#host.removeQueue(this);
    else this.#search();
  }

  get paging(): Paging {
    return this.#host.paging;
  }

  decode(bytes: Uint8Array, start: number, end: number): Message {
    return this.#host.decodeMessage(bytes, start, end);
  }

  revive(stored: LogEntry): QueueEntry {
    const entry = new QueueEntry(this, {
      lane: stored.lane,
      position: stored.position,
      message: stored.message,
      subscriptions: stored.via && decodeSubscriptions(stored.via),
      expiresAtMs: stored.expiresAtMs,
      isStored: true,
    });
    entry.deliveryCount = stored.deliveryCount;
    entry.reference = stored.reference;
    return entry;
  }

  loaded(): void {
    if (this.#isDeleted || this.#isRecovering) return;
    this.#expireHead();
    this.#dropOverflow();
    this.#watchHead();
    this.#search();
  }

  settleEntry(entry: QueueEntry, settlement: Settlement): void {
    if (entry.state !== "taken") return;
    const { consumer } = entry;
    entry.consumer = undefined;
    entry.state = "settled";
    if (!this.#isDeleted) {
      this.#ready.release();
      if (settlement === "accepted") this.#forget(entry);
      else if (settlement === "rejected") this.#kill(entry, "rejected");
      else this.#giveBack(entry, settlement);
    }
    consumer?.release();
    this.#dispatch();
    this.#dropOverflow();
  }

  /** Nothing waits before it that anybody wants: where somebody can take it, it need not stand in line. */
  #handOverAtOnce(entry: QueueEntry): boolean {
    if (this.#ready.length > 0 && !this.#isSearched) return false;
    if (this.#isDispatching) {
      this.#isSearched = false;
      return false;
    }
    const consumer = this.#consumers.next(entry.message);
    if (consumer === undefined) return false;
    this.#isDispatching = true;
    this.#deliver(entry, consumer);
    this.#isDispatching = false;
    // Something may have come, or come back, during the delivery.
    this.#dispatch();
    return true;
  }

  #line(entry: QueueEntry): void {
    this.#ready.push(entry);
    // Within a delivery of this queue another message may be arriving already.
    const outer = this.#arriving;
    this.#arriving = entry;
    this.#dispatch();
    this.#arriving = outer;
    this.#expireHead();
    this.#dropOverflow();
    this.#watchHead();
  }

  #append(message: Message, subscriptions: readonly Subscription[] | undefined): QueueEntry {
    const log = message.durable ? this.#log : undefined;
    const entry = new QueueEntry(this, {
      lane: this.#ready.laneOf(message),
      position: ++this.#lastPosition,
      message,
      subscriptions,
      expiresAtMs: this.#deadlineOf(message),
      isStored: log !== undefined,
    });
    log?.append(entry);
    return entry;
  }

  #deadlineOf(message: Message): number | undefined {
    const { messageTtlMs } = this.options;
    if (messageTtlMs === undefined) return message.expiresAtMs;
    return Math.min(this.#host.timers.now() + messageTtlMs, message.expiresAtMs ?? Number.POSITIVE_INFINITY);
  }

  #isUnwantedWhileIdle(message: Message, subscriptions: readonly Subscription[]): boolean {
    if (this.options.dropsQos0WhenIdle !== true || this.#consumers.count > 0) return false;
    return message.qos === 0 || subscriptions.every(({ qos }) => qos === 0);
  }

  #refuses(message: Message): boolean {
    if (this.#dropsHead) return false;
    return (
      this.#ready.length >= this.#maxLength || this.#ready.byteCount + message.byteCount > this.#maxBytes
    );
  }

  #dropOverflow(): void {
    if (!this.#dropsHead) return;
    while (
      this.#ready.length > this.#maxLength ||
      (this.#ready.byteCount > this.#maxBytes && this.#ready.length > 0)
    ) {
      const oldest = this.#ready.shift();
      if (oldest === undefined) return;
      this.#kill(oldest, "overflow");
    }
  }

  /** Who waits, or what, is not what it was. */
  #search(): void {
    this.#isSearched = false;
    this.#dispatch();
  }

  /** Matches messages with consumers until one side is exhausted. */
  #dispatch(): void {
    if (this.#isDispatching || this.#ready.length === 0 || !this.#consumers.isAnyWaiting) return;
    this.#isDispatching = true;
    while (this.#handOver()) {
      // Each round delivers one message.
    }
    this.#isDispatching = false;
    this.#watchHead();
  }

  #handOver(): boolean {
    this.#expireHead();
    if (this.#consumers.isSelective) return this.#handOverSelectively();
    const entry = this.#ready.first();
    const consumer = entry && this.#consumers.next(entry.message);
    if (entry === undefined || consumer === undefined) return false;
    this.#ready.shift();
    this.#deliver(entry, consumer);
    return true;
  }

  /** Some consumers do not want every message: the first message that any of them wants goes. */
  #handOverSelectively(): boolean {
    if (this.#isSearched) return false;
    const nowMs = this.#host.timers.now();
    let consumer: Consumer | undefined;
    const entry = this.#ready.takeFirst((candidate) => {
      // What has expired behind the head stays until it gets there.
      if (candidate !== this.#arriving && candidate.isExpired(nowMs)) return false;
      consumer = this.#consumers.next(candidate.message);
      return consumer !== undefined;
    });
    if (entry === undefined || consumer === undefined) {
      this.#isSearched = !this.#ready.isShort;
      return false;
    }
    this.#deliver(entry, consumer);
    return true;
  }

  #deliver(entry: QueueEntry, consumer: Consumer): void {
    if (consumer.options.autoSettle) {
      this.#forget(entry);
    } else {
      entry.state = "taken";
      entry.consumer = consumer;
      this.#ready.hold(entry);
      consumer.take();
    }
    consumer.port.deliver(entry);
  }

  #giveBack(entry: QueueEntry, settlement: "released" | "untouched"): void {
    if (settlement === "released") {
      entry.deliveryCount++;
      if (entry.isStored) this.#log?.mark(entry);
      const { deliveryLimit } = this.options;
      if (deliveryLimit !== undefined && entry.deliveryCount > deliveryLimit) {
        this.#kill(entry, "delivery-limit");
        return;
      }
    }
    // A new entry, so that nothing the former holder still does with the delivery touches the next one.
    this.#ready.restore(entry.again());
    this.#isSearched = false;
    this.#watchHead();
  }

  /** Drops what has expired at the head; what expires behind it goes when it gets there. */
  #expireHead(): void {
    let head = this.#ready.first();
    if (head?.expiresAtMs === undefined) return;
    const nowMs = this.#host.timers.now();
    for (; head?.isExpired(nowMs) === true; head = this.#ready.first()) {
      if (head === this.#arriving) return;
      this.#ready.shift();
      this.#kill(head, "expired");
    }
  }

  /** Sees to it that the head goes when its time comes, though nobody asks for it. */
  #watchHead(): void {
    const atMs = this.#ready.first()?.expiresAtMs;
    if (atMs === undefined || (this.#headTimer !== undefined && this.#headTimer.atMs <= atMs)) return;
    this.#headTimer?.cancel();
    const cancel = this.#host.timers.at(atMs, () => {
      this.#headTimer = undefined;
      this.#expireHead();
      this.#watchHead();
    });
    this.#headTimer = { atMs, cancel };
  }

  /** The entry leaves the queue for the dead-letter exchange. */
  #kill(entry: QueueEntry, reason: DeathReason): void {
    this.#forget(entry);
    this.#host.deadLetter(this, entry.message, reason);
  }

  #forget(entry: QueueEntry): void {
    entry.state = "settled";
    if (entry.isStored) this.#log?.remove(entry);
  }

  #drop(reason: DropReason): EnqueueOutcome {
    this.#host.drops.count(reason);
    return "dropped";
  }
}
