import { ConsumerGroup } from "./consumer-group.ts";
import type { Consumer } from "./consumer.ts";
import { Deque } from "./deque.ts";
import type { Message } from "./message.ts";
import type { Window } from "./window.ts";

/** Obsolete places that a line may hold before it is swept, beside as many as there are others. */
const FEW_OBSOLETE = 16;

/** The consumers of a queue that have the same priority, in turn. */
export class ConsumerLine {
  readonly priority: number;
  /** All its consumers, also those that cannot take a message now. */
  members = 0;
  readonly #opened: () => void;
  /** Those that could take a message when they were last asked, and groups in place of those that could again. */
  #places = new Deque<Consumer | ConsumerGroup>();
  readonly #groups = new WeakMap<Window, ConsumerGroup>();
  /** Places of consumers that were cancelled and of groups that are empty. */
  #obsolete = 0;

  /** @param opened called when some that could take no message can again */
  constructor(priority: number, opened: () => void) {
    this.priority = priority;
    this.#opened = opened;
  }

  /** False when certainly no consumer can take anything. */
  get isAnyWaiting(): boolean {
    return this.#places.length > 0;
  }

  /** The consumer comes last, unless it has a place already. */
  join(consumer: Consumer): void {
    if (consumer.isInLine || consumer.group !== undefined) return;
    consumer.isInLine = true;
    this.#places.push(consumer);
  }

  /** The consumer was cancelled. Those that come and go while no message does must not fill the line. */
  leave(consumer: Consumer): void {
    const { group } = consumer;
    group?.remove(consumer);
    if (consumer.isInLine || (group?.isEmpty === true && group.isInLine)) this.#obsolete++;
    if (this.#obsolete > FEW_OBSOLETE && this.#obsolete * 2 > this.#places.length) this.#sweep();
  }

  /**
   * The next that can take this message; it goes to the end. Undefined when none can, and "held" when it is not to
   * be known yet: `opened` will be called.
   */
  next(message: Message): Consumer | "held" | undefined {
    for (let tries = this.#places.length; tries > 0; tries--) {
      const place = this.#places.first();
      if (place instanceof ConsumerGroup) {
        // The one that came forth is asked, and the group again.
        if (this.#comeForth(place)) tries += 2;
      } else if (place !== undefined) {
        const answer = this.#ask(place, message);
        if (answer !== undefined) return answer;
      }
    }
    return undefined;
  }

  #ask(first: Consumer, message: Message): Consumer | "held" | undefined {
    if (first.isCancelled) {
      this.#places.shift();
      this.#obsolete--;
      return undefined;
    }
    const { window, wants } = first.options;
    const closed = window?.closed;
    if (closed === undefined) {
      this.#places.rotate();
      return (wants?.(message) ?? true) ? first : undefined;
    }
    if (closed.isHeld) {
      // It will not be for long: they need not all leave the line.
      closed.whenLetGo(this.#opened);
      return "held";
    }
    this.#places.shift();
    this.#joinGroup(first, closed);
    return undefined;
  }

  /** The consumer waits for a window that it has found closed. */
  #joinGroup(consumer: Consumer, closed: Window): void {
    consumer.isInLine = false;
    const group = this.#groupOf(closed);
    if (group.isInLine && group.isEmpty) this.#obsolete--;
    group.add(consumer);
  }

  /** One of the group that is first takes its place; when no other can, the group leaves the line. */
  #comeForth(group: ConsumerGroup): boolean {
    if (group.isEmpty) this.#obsolete--;
    const consumer = group.window.isOpen ? group.take() : undefined;
    if (consumer === undefined || group.isEmpty) {
      this.#places.shift();
      group.leaveLine();
    }
    if (consumer === undefined) return false;
    consumer.isInLine = true;
    this.#places.unshift(consumer);
    return true;
  }

  #groupOf(window: Window): ConsumerGroup {
    const known = this.#groups.get(window);
    if (known !== undefined) return known;
    const group = new ConsumerGroup(window, this.priority, () => {
      this.#places.push(group);
      this.#opened();
    });
    this.#groups.set(window, group);
    return group;
  }

  #sweep(): void {
    const kept = new Deque<Consumer | ConsumerGroup>();
    for (const place of this.#places) {
      if (place instanceof ConsumerGroup && place.isEmpty) place.leaveLine();
      else if (place instanceof ConsumerGroup || !place.isCancelled) kept.push(place);
    }
    this.#places = kept;
    this.#obsolete = 0;
  }
}
