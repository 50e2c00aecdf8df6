import type { Consumer } from "./consumer.ts";
import { Deque } from "./deque.ts";
import type { Message } from "./message.ts";

/** Consumers of one priority that could take a message when they were last asked. */
interface Line {
  readonly priority: number;
  readonly waiting: Deque<Consumer>;
}

/** The consumers of a queue: who is next, by priority, and in turn among equals. */
export class Consumers {
  readonly #isSingle: boolean;
  readonly #all = new Set<Consumer>();
  /** Highest priority first. */
  readonly #lines: Line[] = [];
  #selective = 0;

  /** @param isSingle only the one that has been there longest is served */
  constructor(isSingle: boolean) {
    this.#isSingle = isSingle;
  }

  get count(): number {
    return this.#all.size;
  }

  /** Some consumer does not want every message. */
  get isSelective(): boolean {
    return this.#selective > 0;
  }

  get hasExclusive(): boolean {
    const [first] = this.#all;
    return first?.options.exclusive === true;
  }

  all(): Iterable<Consumer> {
    return this.#all;
  }

  add(consumer: Consumer): void {
    this.#all.add(consumer);
    if (consumer.options.wants !== undefined) this.#selective++;
    this.open(consumer);
  }

  remove(consumer: Consumer): void {
    if (!this.#all.delete(consumer)) return;
    consumer.isCancelled = true;
    if (consumer.options.wants !== undefined) this.#selective--;
    if (!this.#isSingle) return;
    const [next] = this.#all;
    if (next !== undefined) this.open(next);
  }

  /** The consumer's windows are open (again): it joins the line. */
  open(consumer: Consumer): void {
    if (consumer.isInLine || (this.#isSingle && !this.#isActive(consumer))) return;
    consumer.isInLine = true;
    this.#lineOf(consumer.options.priority).waiting.push(consumer);
  }

  /** The next that can take this message; it goes to the end of its line. Undefined when none can. */
  next(message: Message): Consumer | undefined {
    for (const { waiting } of this.#lines) {
      for (let tries = waiting.length; tries > 0; tries--) {
        const consumer = waiting.shift();
        if (consumer === undefined || !this.#stays(consumer)) continue;
        waiting.push(consumer);
        if (consumer.options.wants?.(message) ?? true) return consumer;
      }
    }
    return undefined;
  }

  /** False when a consumer taken out of the line does not belong there any more. */
  #stays(consumer: Consumer): boolean {
    const closed = consumer.closedWindow;
    if (!consumer.isCancelled && closed === undefined) return true;
    consumer.isInLine = false;
    if (!consumer.isCancelled) closed?.await(consumer);
    return false;
  }

  #isActive(consumer: Consumer): boolean {
    const [active] = this.#all;
    return active === consumer;
  }

  #lineOf(priority: number): Line {
    const index = this.#lines.findIndex((line) => line.priority <= priority);
    const found = this.#lines[index];
    if (found?.priority === priority) return found;
    const line: Line = { priority, waiting: new Deque() };
    this.#lines.splice(index === -1 ? this.#lines.length : index, 0, line);
    return line;
  }
}
