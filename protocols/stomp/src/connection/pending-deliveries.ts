import { Deque, type Delivery } from "@dragoman/core";

/** A delivery that waits for ACK or NACK, under its number within the connection. */
export type Pending = readonly [number: number, delivery: Delivery];

/** The deliveries of one subscription that wait for ACK or NACK. Each that is added has a higher number. */
export interface PendingDeliveries {
  readonly size: number;
  add(number: number, delivery: Delivery): void;
  /** Takes out what an acknowledgement of that number means; empty when it is not pending. */
  take(number: number): Pending[];
  takeAll(): Pending[];
  /** What was taken waits again, in its place. */
  putBack(taken: readonly Pending[]): void;
}

/** Each is acknowledged for itself, in any order. */
export class IndividualDeliveries implements PendingDeliveries {
  readonly #byNumber = new Map<number, Delivery>();

  get size(): number {
    return this.#byNumber.size;
  }

  add(number: number, delivery: Delivery): void {
    this.#byNumber.set(number, delivery);
  }

  take(number: number): Pending[] {
    const delivery = this.#byNumber.get(number);
    if (delivery === undefined) return [];
    this.#byNumber.delete(number);
    return [[number, delivery]];
  }

  takeAll(): Pending[] {
    const all = [...this.#byNumber];
    this.#byNumber.clear();
    return all;
  }

  putBack(taken: readonly Pending[]): void {
    for (const [number, delivery] of inOrder([...taken, ...this.takeAll()])) this.add(number, delivery);
  }
}

/**
 * An acknowledgement means all that were sent before it too. A line, since they leave from its front: to take them
 * one by one out of a map that holds a hundred thousand cost eight times as much as out of one of a thousand.
 */
export class CumulativeDeliveries implements PendingDeliveries {
  #line = new Deque<Pending>();

  get size(): number {
    return this.#line.length;
  }

  add(number: number, delivery: Delivery): void {
    this.#line.push([number, delivery]);
  }

  take(number: number): Pending[] {
    const taken: Pending[] = [];
    if (!this.#has(number)) return taken;
    for (let first = this.#line.first(); first !== undefined; first = this.#line.first()) {
      if (first[0] > number) break;
      taken.push(first);
      this.#line.shift();
    }
    return taken;
  }

  takeAll(): Pending[] {
    const all = [...this.#line];
    this.#line = new Deque();
    return all;
  }

  putBack(taken: readonly Pending[]): void {
    for (const pending of inOrder([...taken, ...this.takeAll()])) this.#line.push(pending);
  }

  /** Numbers ascend, so half of those in question are left out with each look. */
  #has(number: number): boolean {
    let low = 0;
    let high = this.#line.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#line.at(middle)?.[0] ?? number) < number) low = middle + 1;
      else high = middle;
    }
    return this.#line.at(low)?.[0] === number;
  }
}

function inOrder(pending: readonly Pending[]): readonly Pending[] {
  return pending.toSorted(([a], [b]) => a - b);
}
