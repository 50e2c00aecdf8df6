import type { Consumer } from "./consumer.ts";
import { TurnSet } from "./turn-set.ts";
import type { Window, WindowWaiter } from "./window.ts";

/**
 * Consumers of one queue and one priority that wait for the same window. They wait for it together, and come back one
 * by one as there are messages for them: a window that opens and closes all the time costs no more for thousands of
 * consumers than for one.
 */
export class ConsumerGroup implements WindowWaiter {
  readonly window: Window;
  readonly priority: number;
  readonly #joinLine: () => void;
  readonly #waiting: TurnSet<Consumer> = new TurnSet();
  #isInLine = false;

  /** @param joinLine called when the window is open again: those that wait can take messages */
  constructor(window: Window, priority: number, joinLine: () => void) {
    this.window = window;
    this.priority = priority;
    this.#joinLine = joinLine;
  }

  /** It stands in the queue's line in place of those that wait. */
  get isInLine(): boolean {
    return this.#isInLine;
  }

  /** Nobody waits. */
  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

  /** The consumer has found the window closed. */
  add(consumer: Consumer): void {
    consumer.group = this;
    this.#waiting.add(consumer);
    if (!this.#isInLine) this.window.await(this);
  }

  /** Takes out who has waited longest. */
  take(): Consumer | undefined {
    const consumer = this.#waiting.take();
    if (consumer !== undefined) consumer.group = undefined;
    return consumer;
  }

  /** The consumer was cancelled. */
  remove(consumer: Consumer): void {
    consumer.group = undefined;
    this.#waiting.delete(consumer);
    if (this.isEmpty) this.window.forget(this);
  }

  leaveLine(): void {
    this.#isInLine = false;
    if (!this.isEmpty) this.window.await(this);
  }

  windowOpened(): void {
    this.#isInLine = true;
    this.#joinLine();
  }
}
