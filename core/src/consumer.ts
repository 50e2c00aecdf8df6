import type { ConsumerGroup } from "./consumer-group.ts";
import type { Delivery } from "./delivery.ts";
import type { Message } from "./message.ts";
import type { Window } from "./window.ts";

/** Where a consumer begins in a stream. Offsets count from 0 and stay as they are when older messages go. */
export type StreamStart =
  /** With the oldest message that is kept. */
  | { readonly from: "first" }
  /** With the newest message. */
  | { readonly from: "last" }
  /** With the next message that comes. */
  | { readonly from: "next" }
  /** With this message; the oldest when it is gone, the next when it has not come. */
  | { readonly from: "offset"; readonly offset: number }
  /** With the first message that came at this time, in milliseconds since 1970, or later. */
  | { readonly from: "time"; readonly atMs: number };

export interface ConsumerOptions {
  /** Its name, for people. */
  readonly tag: string;
  /** Deliveries are settled as they are handed over. */
  readonly autoSettle: boolean;
  /** No other consumer may join. */
  readonly exclusive: boolean;
  /** A consumer of higher priority is served first as long as its window is open. */
  readonly priority: number;
  /** Must be open for a delivery, and is taken by it unless the consumer settles automatically. */
  readonly window?: Window | undefined;
  /** Only messages for which it is true are delivered; others stay for other consumers. */
  readonly wants?: ((message: Message) => boolean) | undefined;
  /** Where to begin in a stream; with the next message when it is not given. */
  readonly start?: StreamStart | undefined;
}

/** Why a consumer ended without asking for it. */
export type CancelReason = "queue-deleted";

/** The protocol's side of a consumer. Neither call may throw. */
export interface ConsumerPort {
  /** Sends or keeps the delivery; the queue goes on at once with the next. */
  deliver(delivery: Delivery): void;
  /** The queue is gone; settling what it delivered has no effect any more but to free its window. */
  cancelled(reason: CancelReason): void;
}

/** The queue's side of a consumer, as far as the consumer may know it. */
export interface ConsumerOwner {
  removeConsumer(consumer: Consumer): void;
}

/** Takes messages from one queue as its window allows. */
export class Consumer {
  readonly options: ConsumerOptions;
  readonly port: ConsumerPort;
  readonly #owner: ConsumerOwner;
  isCancelled = false;
  /** It stands in the line of those that can take a message. */
  isInLine = false;
  /** The group in which it waits for a window. */
  group: ConsumerGroup | undefined;

  constructor(options: ConsumerOptions, port: ConsumerPort, owner: ConsumerOwner) {
    this.options = options;
    this.port = port;
    this.#owner = owner;
  }

  /** Gets no more deliveries; those not settled stay its own until they are. */
  cancel(): void {
    if (this.isCancelled) return;
    this.#owner.removeConsumer(this);
  }

  take(): void {
    if (!this.options.autoSettle) this.options.window?.take();
  }

  release(): void {
    if (!this.options.autoSettle) this.options.window?.release();
  }
}
