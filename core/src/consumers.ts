import { ConsumerLine } from "./consumer-line.ts";
import type { Consumer } from "./consumer.ts";
import type { Message } from "./message.ts";

/** The consumers of a queue: who is next, by priority, and in turn among equals. */
export class Consumers {
  readonly #isSingle: boolean;
  readonly #opened: () => void;
  readonly #all = new Set<Consumer>();
  /** Highest priority first. */
  readonly #lines: ConsumerLine[] = [];
  #selective = 0;

  /**
   * @param isSingle only the one that has been there longest is served
   * @param opened called when some that could take no message can again
   */
  constructor(isSingle: boolean, opened: () => void) {
    this.#isSingle = isSingle;
    this.#opened = opened;
  }

  get count(): number {
    return this.#all.size;
  }

  /** Some consumer does not want every message. */
  get isSelective(): boolean {
    return this.#selective > 0;
  }

  /** False when certainly no consumer can take anything. */
  get isAnyWaiting(): boolean {
    for (const line of this.#lines) if (line.isAnyWaiting) return true;
    return false;
  }

  get hasExclusive(): boolean {
    const [first] = this.#all;
    return first?.options.exclusive === true;
  }

  all(): Iterable<Consumer> {
    return this.#all;
  }

  add(consumer: Consumer): void {
    const line = this.#lineOf(consumer);
    this.#all.add(consumer);
    line.members++;
    if (consumer.options.wants !== undefined) this.#selective++;
    if (!this.#isSingle || this.count === 1) line.join(consumer);
  }

  remove(consumer: Consumer): void {
    if (!this.#all.delete(consumer)) return;
    consumer.isCancelled = true;
    if (consumer.options.wants !== undefined) this.#selective--;
    this.#leaveLine(consumer);
    if (!this.#isSingle) return;
    const [next] = this.#all;
    if (next !== undefined) this.#lineOf(next).join(next);
  }

  /** The next that can take this message; it goes to the end of its line. Undefined when none can. */
  next(message: Message): Consumer | undefined {
    for (const line of this.#lines) {
      const next = line.next(message);
      if (next === "held") return undefined;
      if (next !== undefined) return next;
    }
    return undefined;
  }

  /** Priorities that are gone must not fill the lines. */
  #leaveLine(consumer: Consumer): void {
    const line = this.#lineOf(consumer);
    line.leave(consumer);
    line.members--;
    if (line.members === 0) this.#lines.splice(this.#lines.indexOf(line), 1);
  }

  #lineOf({ options: { priority } }: Consumer): ConsumerLine {
    const index = this.#lines.findIndex((line) => line.priority <= priority);
    const found = this.#lines[index];
    if (found?.priority === priority) return found;
    const line = new ConsumerLine(priority, this.#opened);
    this.#lines.splice(index === -1 ? this.#lines.length : index, 0, line);
    return line;
  }
}
