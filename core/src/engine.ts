import type { Message } from "./message.ts";

/** What an engine promises; a suite of tests skips what is not declared. */
export interface EngineCapabilities {
  /** What was committed is there after the process ended. */
  readonly survivesRestart: boolean;
}

/** The kinds of records that the core keeps beside messages. */
export type Collection =
  "vhost" | "exchange" | "queue" | "binding" | "session" | "seen" | "sent" | "retained";

/** What is read only when it is asked for: of many records the value says it all. */
export interface MetadataRecord {
  readonly name: string;
  readonly value: Uint8Array;
}

/**
 * Small records by name. Every node of a cluster has them at hand: reading one is a matter of microseconds, and
 * needs no promise.
 */
export interface MetadataStore {
  /** All records of a collection whose name begins so, in any order, many at a time: for the start. */
  load(collection: Collection, prefix: string): AsyncIterable<readonly MetadataRecord[]>;
  /** As `load`, the names alone. */
  names(collection: Collection, prefix: string): AsyncIterable<readonly string[]>;
  /**
   * The record as it was last put, committed or not. It must not be changed.
   *
   * @throws BrokerError "unavailable" while the storage recovers from a failure
   */
  get(collection: Collection, key: string): Uint8Array | undefined;
  /** @param value kept until it is written: it must not change */
  put(collection: Collection, key: string, value: Uint8Array): void;
  delete(collection: Collection, key: string): void;
}

/** A message in a queue, as it is stored. */
export interface LogEntry {
  /** 0 to 255: each lane of a queue is a line of its own, in order of position. */
  readonly lane: number;
  /** Grows within a queue, over all its lanes; 1 to 2^48 - 1. */
  readonly position: number;
  readonly message: Message;
  /** Subscriptions that selected it, encoded by the core; undefined for an ordinary queue. */
  readonly via: Uint8Array | undefined;
  /** Deadline in milliseconds since 1970, the queue's own limit included. */
  readonly expiresAtMs: number | undefined;
  readonly deliveryCount: number;
  /** For the engine's own use: 0 at first, then what the engine set, also when the entry comes back to it. */
  reference: number;
}

/** Entries of one lane that stand together: all that are stored from `first` to `last`. */
export interface LogRange {
  readonly lane: number;
  readonly first: number;
  readonly last: number;
  readonly count: number;
  /** Bytes of bodies. */
  readonly byteCount: number;
}

export interface LogRead {
  readonly lane: number;
  /** The position to begin at. */
  readonly from: number;
  readonly maxEntries: number;
  /** Reading ends with the entry that passes this sum of bodies and properties. */
  readonly maxBytes: number;
  /** Makes a message of a record that `encodeMessage` or a `MessageSequence` wrote; it lies there from `start` to `end`. */
  decode(bytes: Uint8Array, start: number, end: number): Message;
}

/** The stored entries of one durable queue. */
export interface QueueLog {
  /** @param entry read when it is written, at the latest at the next commit */
  append(entry: LogEntry): void;
  /** The entry is settled, or gone for another reason. */
  remove(entry: LogEntry): void;
  /** The delivery count of the entry has changed. */
  mark(entry: LogEntry): void;
  /**
   * Forgets all entries of a range, none of which is held in memory, in a time that does not grow with it. No two such
   * ranges of a lane end at the same position.
   */
  removeRange(range: LogRange): void;
  /** What there is in each lane that was ever used; its last position also when it is empty. */
  lanes(): Promise<readonly LogRange[]>;
  /** Entries in order, those that are not committed yet included. */
  read(request: LogRead): Promise<readonly LogEntry[]>;
  /** Forgets the queue and all its entries. */
  drop(): void;
}

/** The entries of durable queues. A message that goes to several queues at once is stored once. */
export interface MessageLog {
  /** @param queue its name, unique over all virtual hosts */
  open(queue: string): QueueLog;
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
  /** The batch that holds what was written last; equal to `committed` when nothing waits. */
  readonly gathering: number;
  /** The last batch that is on stable storage; 0 before the first. */
  readonly committed: number;
  /** Bytes of the disk that it has and does not use: it writes there before it takes more. */
  readonly unusedBytes: number;
  /** `listener` is called once after each commit, with its batch. */
  onCommit(listener: (batch: number) => void): void;
  /**
   * `listener` is called when a commit failed. What it held is kept and tried again until it succeeds;
   * until then nothing more is committed.
   */
  onFailure(listener: (cause: unknown) => void): void;
  /** @throws BrokerError "unavailable" when the storage cannot be used */
  open(): Promise<void>;
  /**
   * Commits what gathers, then releases the storage.
   *
   * @throws BrokerError "unavailable" when it could not be committed
   */
  close(): Promise<void>;
}
