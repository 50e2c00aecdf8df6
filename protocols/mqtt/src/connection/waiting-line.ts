import { Deque, type Message, type Subscription } from "@dragoman/core";
import { PacketRun } from "../forward/packet-run.ts";

/** A message for a live subscription that waits for the client's window, or for others before it. */
export interface WaitingMessage {
  readonly message: Message;
  readonly subscriptions: readonly Subscription[];
}

export interface WaitingLimits {
  readonly maxQueuedMessages: number;
  readonly maxQueuedBytes: number;
}

/** Messages for live subscriptions that wait for the client's window, as messages or as the packets they came in. */
export class WaitingLine {
  readonly #line: Deque<WaitingMessage | PacketRun> = new Deque();
  #messages = 0;
  #bytes = 0;

  get isEmpty(): boolean {
    return this.#messages === 0;
  }

  push(next: WaitingMessage | PacketRun): void {
    this.#line.push(next);
    this.#messages += next instanceof PacketRun ? next.count : 1;
    this.#bytes += byteCountOf(next);
  }

  first(): WaitingMessage | PacketRun | undefined {
    return this.#line.first();
  }

  /** Takes out the first one, which is a message. */
  shift(): void {
    const first = this.#line.shift();
    if (first === undefined) return;
    this.#messages--;
    this.#bytes -= byteCountOf(first);
  }

  /** Lets `take` have packets of the first one, a run, which goes when it has none left. */
  takeFrom(run: PacketRun, take: () => void): void {
    const { count, byteCount } = run;
    take();
    this.#messages -= count - run.count;
    this.#bytes -= byteCount - run.byteCount;
    if (run.count === 0) this.#line.shift();
  }

  /** Drops the oldest until the others are within the limits; returns how many. */
  dropOverflow({ maxQueuedMessages, maxQueuedBytes }: WaitingLimits): number {
    let dropped = 0;
    for (; this.#messages > maxQueuedMessages || this.#bytes > maxQueuedBytes; dropped++) {
      const first = this.#line.first();
      if (first instanceof PacketRun) this.takeFrom(first, () => first.drop());
      else this.shift();
    }
    return dropped;
  }

  clear(): void {
    this.#line.clear();
    this.#messages = 0;
    this.#bytes = 0;
  }
}

function byteCountOf(waiting: WaitingMessage | PacketRun): number {
  return waiting instanceof PacketRun ? waiting.byteCount : waiting.message.memoryBytes;
}
