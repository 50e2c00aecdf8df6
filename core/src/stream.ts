import type { Cancel } from "./clock.ts";
import {
  type CancelReason,
  Consumer,
  type ConsumerOptions,
  type ConsumerOwner,
  type ConsumerPort,
} from "./consumer.ts";
import type { LogEntry } from "./engine.ts";
import { BrokerError } from "./errors.ts";
import type { Message } from "./message.ts";
import type { EnqueueOutcome, Queue, QueueHost, QueueIdentity } from "./queue.ts";
import type { QueueOptions } from "./queue-options.ts";
import { type CursorOwner, StreamCursor } from "./stream-cursor.ts";
import { StreamDelivery, type StreamDeliveryOwner } from "./stream-delivery.ts";
import { StreamEntries } from "./stream-entries.ts";

/**
 * The kind of queue that keeps its messages: each consumer reads all of them, from where it wants, at its
 * own pace. Messages go when they are too old or too many, not when they were read.
 */
export class Stream implements Queue, ConsumerOwner, CursorOwner, StreamDeliveryOwner {
  readonly name: string;
  readonly options: QueueOptions;
  readonly owner: Queue["owner"];
  readonly isKept: boolean;
  readonly #host: QueueHost;
  readonly #drop: () => void;
  readonly #entries: StreamEntries;
  readonly #cursors = new Map<Consumer, StreamCursor>();
  /** Cursors that have nothing to do before a message comes. */
  readonly #idle = new Set<StreamCursor>();
  #unsettled = 0;
  #isDeleted = false;
  #ageTimer: Cancel | undefined;

  constructor(identity: QueueIdentity, options: QueueOptions, host: QueueHost) {
    this.name = identity.name;
    this.owner = identity.owner;
    this.options = options;
    this.isKept = options.durable && !options.exclusive;
    this.#host = host;
    const log = this.isKept ? host.openLog(identity.name) : undefined;
    this.#drop = () => log?.drop();
    this.#entries = new StreamEntries(options, log, (bytes, start, end) =>
      host.decodeMessage(bytes, start, end),
    );
  }

  get messageCount(): number {
    return this.#entries.length;
  }

  get byteCount(): number {
    return this.#entries.byteCount;
  }

  get unsettledCount(): number {
    return this.#unsettled;
  }

  get consumerCount(): number {
    return this.#cursors.size;
  }

  get isDeleted(): boolean {
    return this.#isDeleted;
  }

  get lastPosition(): number {
    return this.#entries.last;
  }

  async *browse(): AsyncGenerator<Message, void> {
    const { last } = this.#entries;
    for (let position = this.#entries.first; position <= last;) {
      const entry = this.#entries.at(position);
      const entries = entry === undefined ? await this.#entries.read(position) : [entry];
      for (const { message } of entries) yield message;
      position = (entries.at(-1)?.position ?? last) + 1;
    }
  }

  whenReadable(): Promise<void> {
    return Promise.resolve();
  }

  pageOut(): void {
    this.#entries.pageOut();
  }

  enqueue(message: Message): EnqueueOutcome {
    if (this.#isDeleted) return "dropped";
    this.#entries.append(message);
    this.#dropSurplus();
    this.#watchAge();
    for (const cursor of this.#idle) this.#serve(cursor);
    return this.isKept ? "stored" : "taken";
  }

  recover(): Promise<void> {
    return this.#entries.recover();
  }

  resume(): void {
    this.#dropSurplus();
    this.#watchAge();
  }

  consume(options: ConsumerOptions, port: ConsumerPort): Consumer {
    const [first] = this.#cursors.keys();
    if (first?.options.exclusive === true || (options.exclusive && this.#cursors.size > 0)) {
      throw new BrokerError("locked", `stream '${this.name}' has a consumer that excludes another`);
    }
    const consumer = new Consumer(options, port, this);
    const cursor = new StreamCursor(consumer, this.#entries, this);
    this.#cursors.set(consumer, cursor);
    this.#serve(cursor);
    return consumer;
  }

  get(): never {
    throw new BrokerError("unsupported", `'${this.name}' is a stream: it can only be consumed`);
  }

  purge(): never {
    throw new BrokerError("unsupported", `'${this.name}' is a stream: it cannot be purged`);
  }

  touch(): void {
    // A stream is no less in use while nobody reads it.
  }

  delete(reason: CancelReason): void {
    if (this.#isDeleted) return;
    this.#isDeleted = true;
    this.#ageTimer?.();
    this.#drop();
    this.#entries.clear();
    this.#unsettled = 0;
    this.owner?.queueDeleted(this);
    const cursors = [...this.#cursors];
    this.#cursors.clear();
    this.#idle.clear();
    for (const [consumer, cursor] of cursors) {
      consumer.isCancelled = true;
      cursor.leaveWindow();
      consumer.port.cancelled(reason);
    }
  }

  removeConsumer(consumer: Consumer): void {
    consumer.isCancelled = true;
    const cursor = this.#cursors.get(consumer);
    if (cursor === undefined) return;
    cursor.leaveWindow();
    this.#cursors.delete(consumer);
    this.#idle.delete(cursor);
    if (this.options.autoDelete && this.#cursors.size === 0) this.#host.removeQueue(this);
  }

  deliver(entry: LogEntry, consumer: Consumer): void {
    const { autoSettle } = consumer.options;
    if (!autoSettle) {
      this.#unsettled++;
      consumer.take();
    }
    consumer.port.deliver(new StreamDelivery(this, autoSettle ? undefined : consumer, entry));
  }

  cursorReady(cursor: StreamCursor): void {
    this.#serve(cursor);
  }

  deliverySettled(): void {
    if (!this.#isDeleted) this.#unsettled--;
  }

  #serve(cursor: StreamCursor): void {
    cursor.serve();
    if (cursor.isAtEnd && !cursor.consumer.isCancelled) this.#idle.add(cursor);
    else this.#idle.delete(cursor);
  }

  #dropSurplus(): void {
    const { maxLength = Infinity, maxBytes = Infinity } = this.options;
    const entries = this.#entries;
    while (entries.hasOldChunks && (entries.length > maxLength || entries.byteCount > maxBytes)) {
      entries.dropOldestChunk();
    }
  }

  /** Sees to it that the oldest messages go when their time comes. */
  #watchAge(): void {
    const { maxAgeMs } = this.options;
    if (maxAgeMs === undefined || this.#ageTimer !== undefined) return;
    const atMs = this.#entries.oldestChunkAtMs;
    if (atMs === undefined) return;
    this.#ageTimer = this.#host.timers.at(atMs + maxAgeMs, () => {
      this.#ageTimer = undefined;
      this.#dropOld(maxAgeMs);
      this.#watchAge();
    });
  }

  #dropOld(maxAgeMs: number): void {
    const latestMs = this.#host.timers.now() - maxAgeMs;
    for (let atMs = this.#entries.oldestChunkAtMs; atMs !== undefined && atMs <= latestMs;) {
      this.#entries.dropOldestChunk();
      atMs = this.#entries.oldestChunkAtMs;
    }
  }
}
