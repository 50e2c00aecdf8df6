import type { Delivery } from "@dragoman/core";
import { AmqpError } from "../codec/amqp-error.ts";

/** A ring of more places gets smaller again when it is empty. */
const LARGE = 4096;

export type Taken = [tag: number, delivery: Delivery];

/**
 * Deliveries of one channel that await their acknowledgement, by delivery tag in the order of sending.
 *
 * Tags are given one after the other and mostly come back so: the latest are in a ring, which costs half of what a
 * map does. One that is left behind by many others moves to a map, so that the ring need not grow with the distance
 * between them.
 */
export class Unsettled {
  /** Those from `#first` to `#lastTag`, each at its tag modulo the length, a power of two. */
  #ring: (Delivery | undefined)[] = Array.from({ length: 8 });
  #first = 1;
  #inRing = 0;
  /** Those before `#first`, in order. */
  #left = new Map<number, Delivery>();
  #lastTag = 0;

  get count(): number {
    return this.#inRing + this.#left.size;
  }

  /** The tag of a delivery that nobody will acknowledge. */
  nextTag(): number {
    const tag = ++this.#lastTag;
    if (this.#inRing === 0) this.#startAgain(tag + 1);
    else if (tag - this.#first >= this.#ring.length) this.#makeRoom();
    return tag;
  }

  /** @returns the tag under which the delivery waits */
  add(delivery: Delivery): number {
    const tag = this.nextTag();
    if (this.#inRing === 0) this.#first = tag;
    this.#ring[tag & (this.#ring.length - 1)] = delivery;
    this.#inRing++;
    return tag;
  }

  /**
   * Takes out the one that a basic.ack, nack or reject names.
   *
   * @throws AmqpError "precondition-failed" for a tag that waits for nothing. AMQP 0-9-1 §1.8.3.13
   */
  takeOne(tag: number): Delivery {
    const delivery = this.#remove(tag);
    if (delivery === undefined) throw new AmqpError("precondition-failed", `unknown delivery tag ${tag}`);
    return delivery;
  }

  /** As `takeOne`, with all that were sent before it; tag 0 stands for all there are. */
  takeUpTo(tag: number): Taken[] {
    if (tag === 0) return this.takeAll();
    const named = this.takeOne(tag);
    const taken = this.#takeWhile((other) => other < tag);
    taken.push([tag, named]);
    if (tag >= this.#first) this.#first = tag + 1;
    return taken;
  }

  takeAll(): Taken[] {
    return this.#takeWhile(() => true);
  }

  /** Puts back what a transaction took and then did not settle. */
  putBack(taken: readonly Taken[]): void {
    if (taken.length === 0) return;
    const all = [...taken, ...this.takeAll()].toSorted(([a], [b]) => a - b);
    this.#left = new Map(all);
    this.#first = this.#lastTag + 1;
  }

  #remove(tag: number): Delivery | undefined {
    if (tag < this.#first || tag > this.#lastTag) {
      const left = this.#left.get(tag);
      if (left !== undefined) this.#left.delete(tag);
      return left;
    }
    const slot = tag & (this.#ring.length - 1);
    const delivery = this.#ring[slot];
    if (delivery === undefined) return undefined;
    this.#ring[slot] = undefined;
    this.#inRing--;
    if (tag === this.#first) this.#first++;
    return delivery;
  }

  #takeWhile(wanted: (tag: number) => boolean): Taken[] {
    const taken: Taken[] = [];
    for (const entry of this.#left) {
      if (!wanted(entry[0])) return taken;
      taken.push(entry);
      this.#left.delete(entry[0]);
    }
    for (let tag = this.#first; this.#inRing > 0 && wanted(tag); tag++) {
      const delivery = this.#remove(tag);
      if (delivery !== undefined) taken.push([tag, delivery]);
    }
    return taken;
  }

  /** The ring is empty. */
  #startAgain(first: number): void {
    this.#first = first;
    if (this.#ring.length > LARGE) this.#ring = Array.from({ length: this.#ring.length >> 1 });
  }

  /** The latest tag has no place in the ring. */
  #makeRoom(): void {
    const { length } = this.#ring;
    while (this.#ring[this.#first & (length - 1)] === undefined) this.#first++;
    if (this.#lastTag - this.#first < length) return;
    if (this.#inRing * 2 < length) this.#leaveBehind(this.#lastTag - (length >> 1));
    else this.#grow();
  }

  #leaveBehind(before: number): void {
    const mask = this.#ring.length - 1;
    for (let tag = this.#first; tag < before; tag++) {
      const delivery = this.#ring[tag & mask];
      if (delivery === undefined) continue;
      this.#left.set(tag, delivery);
      this.#ring[tag & mask] = undefined;
      this.#inRing--;
    }
    this.#first = before;
  }

  #grow(): void {
    const old = this.#ring;
    const ring: (Delivery | undefined)[] = Array.from({ length: old.length * 2 });
    for (let tag = this.#first; tag < this.#lastTag; tag++) {
      ring[tag & (ring.length - 1)] = old[tag & (old.length - 1)];
    }
    this.#ring = ring;
  }
}
