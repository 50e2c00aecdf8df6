import type { Consumer } from "./consumer.ts";
import { Deque } from "./deque.ts";
import type { Message } from "./message.ts";

/** The consumers of one priority. */
interface Line {
  readonly priority: number;
  /** Those that could take a message when they were last asked, and cancelled ones not yet swept out. */
  waiting: Deque<Consumer>;
  members: number;
  cancelled: number;
}

/** Cancelled consumers that a line may hold before it is swept, beside as many as there are others. */
const FEW_CANCELLED = 16;

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

  /** False when certainly no consumer can take anything. */
  get isAnyWaiting(): boolean {
    for (const { waiting } of this.#lines) if (waiting.length > 0) return true;
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
    this.#all.add(consumer);
    this.#lineOf(consumer.options.priority).members++;
    if (consumer.options.wants !== undefined) this.#selective++;
    this.open(consumer);
  }

  remove(consumer: Consumer): void {
    if (!this.#all.delete(consumer)) return;
    consumer.isCancelled = true;
    if (consumer.options.wants !== undefined) this.#selective--;
    this.#leaveLine(consumer);
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
    for (const line of this.#lines) {
      for (let tries = line.waiting.length; tries > 0; tries--) {
        const consumer = line.waiting.first();
        if (consumer === undefined) break;
        if (!this.#stays(consumer, line)) {
          line.waiting.shift();
          continue;
        }
        line.waiting.rotate();
        if (consumer.options.wants?.(message) ?? true) return consumer;
      }
    }
    return undefined;
  }

  /** False when a consumer taken out of the line does not belong there any more. */
  #stays(consumer: Consumer, line: Line): boolean {
    if (consumer.isCancelled) {
      line.cancelled--;
      return false;
    }
    const closed = consumer.closedWindow;
    if (closed === undefined) return true;
    consumer.isInLine = false;
    closed.await(consumer);
    return false;
  }

  #isActive(consumer: Consumer): boolean {
    const [active] = this.#all;
    return active === consumer;
  }

  /** Clients that come and go while no message does must not fill the line, nor priorities the lines. */
  #leaveLine(consumer: Consumer): void {
    const line = this.#lineOf(consumer.options.priority);
    line.members--;
    if (line.members === 0) {
      this.#lines.splice(this.#lines.indexOf(line), 1);
      return;
    }
    if (consumer.isInLine) line.cancelled++;
    if (line.cancelled <= FEW_CANCELLED || line.cancelled * 2 <= line.waiting.length) return;
    const kept = new Deque<Consumer>();
    for (const other of line.waiting) if (!other.isCancelled) kept.push(other);
    line.waiting = kept;
    line.cancelled = 0;
  }

  #lineOf(priority: number): Line {
    const index = this.#lines.findIndex((line) => line.priority <= priority);
    const found = this.#lines[index];
    if (found?.priority === priority) return found;
    const line: Line = { priority, waiting: new Deque(), members: 0, cancelled: 0 };
    this.#lines.splice(index === -1 ? this.#lines.length : index, 0, line);
    return line;
  }
}
