import type { Delivery } from "./delivery.ts";

/** A ring of more places gets smaller again when it is empty. */
const LARGE = 4096;

/** A delivery that was taken out, and the number that it had. */
export type Taken = readonly [number: number, delivery: Delivery];

/**
 * Deliveries that a receiver holds and will acknowledge by their numbers, which count from 1 in the order of sending.
 *
 * Numbers are given one after the other and mostly come back so: the latest are in a ring, which costs half of what a
 * map does. One that is left behind by many others moves to a map, so that the ring need not grow with the distance
 * between them.
 */
export class Unsettled {
  /** Those from `#first` to `#last`, each at its number modulo the length, a power of two. */
  #ring: (Delivery | undefined)[] = Array.from({ length: 8 });
  #first = 1;
  #inRing = 0;
  /** Those before `#first`, in order. */
  #left = new Map<number, Delivery>();
  #last = 0;

  get count(): number {
    return this.#inRing + this.#left.size;
  }

  /** The number of a delivery that nobody will acknowledge. */
  nextNumber(): number {
    const number = ++this.#last;
    if (this.#inRing === 0) this.#startAgain(number + 1);
    else if (number - this.#first >= this.#ring.length) this.#makeRoom();
    return number;
  }

  /** @returns the number under which the delivery waits */
  add(delivery: Delivery): number {
    const number = this.nextNumber();
    if (this.#inRing === 0) this.#first = number;
    this.#ring[number & (this.#ring.length - 1)] = delivery;
    this.#inRing++;
    return number;
  }

  /** Takes out the one of that number; undefined when it does not wait. */
  takeOne(number: number): Delivery | undefined {
    if (number < this.#first || number > this.#last) return this.#takeLeft(number);
    const slot = number & (this.#ring.length - 1);
    const delivery = this.#ring[slot];
    if (delivery === undefined) return undefined;
    this.#ring[slot] = undefined;
    this.#inRing--;
    if (number === this.#first) this.#first++;
    return delivery;
  }

  /** As `takeOne`, with all that were sent before it, in order; none when it does not wait. */
  takeUpTo(number: number): Taken[] {
    const named = this.takeOne(number);
    if (named === undefined) return [];
    const taken = this.#takeWhile((other) => other < number);
    taken.push([number, named]);
    if (number >= this.#first) this.#first = number + 1;
    return taken;
  }

  takeAll(): Taken[] {
    return this.#takeWhile(() => true);
  }

  /** Puts back what was taken and then not settled: it waits again, in its place. */
  putBack(taken: readonly Taken[]): void {
    if (taken.length === 0) return;
    const all = [...taken, ...this.takeAll()].toSorted(([a], [b]) => a - b);
    this.#left = new Map(all);
    this.#first = this.#last + 1;
  }

  #takeLeft(number: number): Delivery | undefined {
    const delivery = this.#left.get(number);
    if (delivery !== undefined) this.#left.delete(number);
    return delivery;
  }

  #takeWhile(wanted: (number: number) => boolean): Taken[] {
    const taken: Taken[] = [];
    for (const entry of this.#left) {
      if (!wanted(entry[0])) return taken;
      taken.push(entry);
      this.#left.delete(entry[0]);
    }
    for (let number = this.#first; this.#inRing > 0 && wanted(number); number++) {
      const delivery = this.takeOne(number);
      if (delivery !== undefined) taken.push([number, delivery]);
    }
    return taken;
  }

  /** The ring is empty. */
  #startAgain(first: number): void {
    this.#first = first;
    if (this.#ring.length > LARGE) this.#ring = Array.from({ length: this.#ring.length >> 1 });
  }

  /** The latest number has no place in the ring. */
  #makeRoom(): void {
    const { length } = this.#ring;
    while (this.#ring[this.#first & (length - 1)] === undefined) this.#first++;
    if (this.#last - this.#first < length) return;
    if (this.#inRing * 2 < length) this.#leaveBehind(this.#last - (length >> 1));
    else this.#grow();
  }

  #leaveBehind(before: number): void {
    const mask = this.#ring.length - 1;
    for (let number = this.#first; number < before; number++) {
      const delivery = this.#ring[number & mask];
      if (delivery === undefined) continue;
      this.#left.set(number, delivery);
      this.#ring[number & mask] = undefined;
      this.#inRing--;
    }
    this.#first = before;
  }

  #grow(): void {
    const old = this.#ring;
    const ring: (Delivery | undefined)[] = Array.from({ length: old.length * 2 });
    for (let number = this.#first; number < this.#last; number++) {
      ring[number & (ring.length - 1)] = old[number & (old.length - 1)];
    }
    this.#ring = ring;
  }
}
