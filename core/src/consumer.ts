import type { Delivery } from "./delivery.ts";
import type { Message } from "./message.ts";
import type { Window, WindowWaiter } from "./window.ts";

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
  /** A consumer of higher priority is served first as long as its windows are open. */
  readonly priority: number;
  /** All must be open for a delivery; each is taken by it unless the consumer settles automatically. */
  readonly windows: readonly Window[];
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
  /** The queue is gone; settling what it delivered has no effect any more but to free windows. */
  cancelled(reason: CancelReason): void;
}

/** The queue's side of a consumer, as far as the consumer may know it. */
export interface ConsumerOwner {
  consumerOpened(consumer: Consumer): void;
  removeConsumer(consumer: Consumer): void;
}

/** Takes messages from one queue as its windows allow. */
export class Consumer implements WindowWaiter {
  readonly options: ConsumerOptions;
  readonly port: ConsumerPort;
  readonly #owner: ConsumerOwner;
  isCancelled = false;
  /** It stands in the line of those that can take a message. */
  isInLine = false;

  constructor(options: ConsumerOptions, port: ConsumerPort, owner: ConsumerOwner) {
    this.options = options;
    this.port = port;
    this.#owner = owner;
  }

  /** Gets no more deliveries; those not settled stay its own until they are. */
  cancel(): void {
    if (this.isCancelled) return;
    this.leaveWindows();
    this.#owner.removeConsumer(this);
  }

  /** It waits for no window any more. */
  leaveWindows(): void {
    for (const window of this.options.windows) window.forget(this);
  }

  get priority(): number {
    return this.options.priority;
  }

  /** The first window that is closed. */
  get closedWindow(): Window | undefined {
    for (const window of this.options.windows) if (!window.isOpen) return window;
    return undefined;
  }

  take(): void {
    if (this.options.autoSettle) return;
    for (const window of this.options.windows) window.take();
  }

  release(): void {
    if (this.options.autoSettle) return;
    for (const window of this.options.windows) window.release();
  }

  windowOpened(): void {
    if (!this.isCancelled) this.#owner.consumerOpened(this);
  }
}
