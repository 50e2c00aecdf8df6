import type { PublishOutcome } from "@dragoman/core";
import type { HeldBack, Outbox } from "../connection/outbox.ts";

/**
 * The basic.ack and basic.nack that a channel in confirm mode owes its publisher. Those of one batch are
 * joined with `multiple`, and follow any basic.return that was written before.
 */
export class Confirms implements HeldBack {
  readonly #channel: number;
  readonly #outbox: Outbox;
  #last = 0;
  #count = 0;
  #isAccepted = true;
  #hasEnded = false;

  constructor(channel: number, outbox: Outbox) {
    this.#channel = channel;
    this.#outbox = outbox;
  }

  /** @param tag of the publish, counted from 1; the calls come in its order without gaps */
  settle(tag: number, outcome: PublishOutcome): void {
    if (this.#hasEnded) return;
    const isAccepted = outcome === "routed" || outcome === "unroutable";
    if (this.#count > 0 && isAccepted !== this.#isAccepted) this.writeHeldBack();
    if (this.#count === 0) this.#outbox.hold(this);
    this.#isAccepted = isAccepted;
    this.#last = tag;
    this.#count++;
  }

  /** The channel closes: what is settled is still said, what comes later is not. */
  end(): void {
    this.writeHeldBack();
    this.#hasEnded = true;
  }

  writeHeldBack(): void {
    if (this.#count === 0) return;
    const deliveryTag = this.#last;
    const multiple = this.#count > 1;
    this.#count = 0;
    if (this.#isAccepted) this.#outbox.method(this.#channel, { name: "basic.ack", deliveryTag, multiple });
    else this.#outbox.method(this.#channel, { name: "basic.nack", deliveryTag, multiple, requeue: false });
  }
}
