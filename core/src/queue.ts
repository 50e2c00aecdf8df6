import type { CancelReason, Consumer, ConsumerOptions, ConsumerPort } from "./consumer.ts";
import type { Delivery } from "./delivery.ts";
import type { Drops } from "./drops.ts";
import type { QueueLog } from "./engine.ts";
import type { DeathReason, Message } from "./message.ts";
import type { Paging } from "./paging.ts";
import type { QueueOptions } from "./queue-options.ts";
import type { Subscription } from "./subscription.ts";
import type { Timers } from "./timers.ts";

/** The client that an exclusive queue belongs to. */
export interface QueueOwner {
  /** The queue is gone. */
  queueDeleted(queue: Queue): void;
}

/** What became of a message that a queue was offered. */
export type EnqueueOutcome = "stored" | "taken" | "refused" | "dropped";

/** The broker's side of a queue, as far as the queue may know it. */
export interface QueueHost {
  readonly timers: Timers;
  readonly drops: Drops;
  readonly paging: Paging;
  /** The log of a queue that is kept. */
  openLog(queueName: string): QueueLog;
  /** Makes a message of a record in the log. */
  decodeMessage(bytes: Uint8Array, start: number, end: number): Message;
  /** Sends a message on to the queue's dead-letter exchange, or counts it as lost when there is none. */
  deadLetter(queue: Queue, message: Message, reason: DeathReason): void;
  /** The queue has ended by its own rules and must go. */
  removeQueue(queue: Queue): void;
}

export interface QueueIdentity {
  readonly name: string;
  readonly owner?: QueueOwner | undefined;
}

/** Keeps messages, in order, for consumers that settle them. */
export interface Queue {
  readonly name: string;
  readonly options: QueueOptions;
  /** The only client that may use it; undefined for a shared queue. */
  readonly owner: QueueOwner | undefined;
  /** It is there again after a restart, with its durable messages. */
  readonly isKept: boolean;
  /** Messages that wait for a consumer; of a stream, all that it keeps. */
  readonly messageCount: number;
  /** Bytes of these messages' bodies. */
  readonly byteCount: number;
  /** Messages that consumers hold. */
  readonly unsettledCount: number;
  readonly consumerCount: number;
  readonly isDeleted: boolean;
  /** Position of the last message that came, counted from 1; 0 before the first. */
  readonly lastPosition: number;

  /** The messages that wait, in the order of delivery, without touching them. */
  browse(): AsyncGenerator<Message, void>;

  /** Resolves when `get` would find the next message if there is one: a long queue may be reading ahead. */
  whenReadable(): Promise<void>;

  /** Keeps little in memory of what can be read again from the log. */
  pageOut(): void;

  /**
   * Adds a message and hands it on if a consumer can take it.
   *
   * @param subscriptions those that led here, when the queue belongs to a session
   */
  enqueue(message: Message, subscriptions: readonly Subscription[] | undefined): EnqueueOutcome;

  /** Takes back what the engine's log has of it after a restart; `resume` must follow. */
  recover(): Promise<void>;

  /** Goes on after `recover`: time passes again. */
  resume(): void;

  /**
   * Hands messages to `port` as its window allows, beginning before this returns.
   *
   * @throws BrokerError "locked" when another consumer is exclusive or this one cannot be
   */
  consume(options: ConsumerOptions, port: ConsumerPort): Consumer;

  /**
   * Takes the next message without a consumer; it must be settled all the same.
   *
   * @throws BrokerError "unsupported" for a stream
   */
  get(): Delivery | undefined;

  /**
   * Drops all messages that wait; returns how many.
   *
   * @throws BrokerError "unsupported" for a stream
   */
  purge(): number;

  /** It is in use now: the time after which an idle queue is deleted begins anew. */
  touch(): void;

  /** Ends it: consumers are told, messages are gone. To be called by the virtual host only. */
  delete(reason: CancelReason): void;
}
