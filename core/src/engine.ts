import type { Message } from "./message.ts";
import type { MessageDecoder } from "./message-record.ts";

/** What an engine promises; a suite of tests skips what is not declared. */
export interface EngineCapabilities {
  /** What was committed is there after the process ended. */
  readonly survivesRestart: boolean;
}

/** The kinds of records that the core keeps beside messages. */
export type Collection = "vhost" | "exchange" | "queue" | "binding" | "session" | "seen" | "retained";

/** Small records by name, read whole at start. */
export interface MetadataStore {
  /** All records of a collection, in any order. */
  load(collection: Collection): AsyncIterable<readonly [key: string, value: Uint8Array]>;
  put(collection: Collection, key: string, value: Uint8Array): void;
  delete(collection: Collection, key: string): void;
}

/** A message's place in a queue, as it is stored. */
export interface LogEntry {
  /** Grows within a queue; the order of delivery. */
  readonly position: number;
  readonly message: Message;
  /** Subscriptions that selected it, encoded by the core; undefined for an ordinary queue. */
  readonly via: Uint8Array | undefined;
  /** Deadline in milliseconds since 1970, the queue's own limit included. */
  readonly expiresAtMs: number | undefined;
  readonly deliveryCount: number;
}

/** The entries of durable queues. A message in several queues is stored once. */
export interface MessageLog {
  append(queue: string, entry: LogEntry): void;
  /** The entry is settled, or gone for another reason. */
  remove(queue: string, position: number): void;
  /** The entry was delivered this many times. */
  mark(queue: string, position: number, deliveryCount: number): void;
  /** Entries in order, from `position` on. */
  read(queue: string, position: number): AsyncIterable<LogEntry>;
  /** Forgets a queue and all its entries. */
  drop(queue: string): void;
}

/** Other nodes of a cluster. */
export interface Backplane {
  /** Passes on a message that was published here. */
  publish(virtualHost: string, message: Message): void;
  /** Messages published on other nodes. */
  onMessage(listener: (virtualHost: string, message: Message) => void): void;
}

/**
 * Where durability and scale plug in. Calls of `put`, `append` and so on only gather; they become durable
 * together with the batch that was gathering when they were made, and nothing waits for one of them.
 */
export interface Engine {
  readonly capabilities: EngineCapabilities;
  readonly metadata: MetadataStore;
  readonly log: MessageLog;
  /** Undefined on a single node. */
  readonly backplane: Backplane | undefined;
  /** The batch that gathers now, from 1 on. */
  readonly gathering: number;
  /** The last batch that is on stable storage; 0 before the first. */
  readonly committed: number;
  /** `listener` is called after each commit, with its batch. */
  onCommit(listener: (batch: number) => void): void;
  /** `listener` is called when a commit failed: nothing gathered since the last one is safe. */
  onFailure(listener: (cause: unknown) => void): void;
  /**
   * @param decoder reads stored messages back
   * @throws BrokerError "unavailable" when the storage cannot be used
   */
  open(decoder: MessageDecoder): Promise<void>;
  /** Commits what gathers, then releases the storage. */
  close(): Promise<void>;
}
