import type { Delivery } from "@dragoman/core";
import { AmqpError } from "../codec/amqp-error.ts";

/** Deliveries of one channel that await their acknowledgement, by delivery tag in the order of sending. */
export class Unsettled {
  readonly #byTag = new Map<number, Delivery>();
  #lastTag = 0;

  get count(): number {
    return this.#byTag.size;
  }

  /** The tag of a delivery that nobody will acknowledge. */
  nextTag(): number {
    return ++this.#lastTag;
  }

  /** @returns the tag under which the delivery waits */
  add(delivery: Delivery): number {
    const tag = ++this.#lastTag;
    this.#byTag.set(tag, delivery);
    return tag;
  }

  /**
   * Takes out what a basic.ack, nack or reject names. With `multiple`, tag 0 stands for all there are.
   *
   * @throws AmqpError "precondition-failed" for a tag that waits for nothing. AMQP 0-9-1 §1.8.3.13
   */
  take(tag: number, multiple: boolean): [tag: number, delivery: Delivery][] {
    if (multiple && tag === 0) return this.takeAll();
    const named = this.#byTag.get(tag);
    if (named === undefined) throw new AmqpError("precondition-failed", `unknown delivery tag ${tag}`);
    if (!multiple) {
      this.#byTag.delete(tag);
      return [[tag, named]];
    }
    const taken: [number, Delivery][] = [];
    for (const entry of this.#byTag) {
      if (entry[0] > tag) break;
      taken.push(entry);
      this.#byTag.delete(entry[0]);
    }
    return taken;
  }

  takeAll(): [tag: number, delivery: Delivery][] {
    const taken = [...this.#byTag];
    this.#byTag.clear();
    return taken;
  }

  /** Puts back what a transaction took and then did not settle. */
  putBack(taken: readonly (readonly [tag: number, delivery: Delivery])[]): void {
    if (taken.length === 0) return;
    const all = [...taken, ...this.#byTag].toSorted(([a], [b]) => a - b);
    this.#byTag.clear();
    for (const [tag, delivery] of all) this.#byTag.set(tag, delivery);
  }
}
