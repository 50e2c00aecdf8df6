/** Why a message, or one copy of it, went no further. */
export type DropReason =
  | "unroutable" // nothing was bound that selects it
  | "expired" // its deadline passed
  | "overflow" // a queue was full and dropped or refused it
  | "rejected" // a consumer refused it and there is no dead-letter exchange
  | "delivery-limit" // it came back too often
  | "dead-letter-cycle" // it would go round between dead-letter exchanges for ever
  | "slow-subscriber" // a live subscriber did not keep up
  | "offline" // its level of delivery does not wait for absent clients
  | "not-authorized" // the publisher may not write there
  | "too-large" // the receiver accepts smaller packets only
  | "unnameable" // its topic has no spelling in the receiver's protocol
  | "purged"; // an operator or client emptied the queue

/** Counts what was lost, with the reason: the first answer to "why did my message not arrive?". */
export class Drops {
  readonly #counts = new Map<DropReason, number>();

  count(reason: DropReason, messages = 1): void {
    this.#counts.set(reason, this.of(reason) + messages);
  }

  /** Messages lost for this reason since the start. */
  of(reason: DropReason): number {
    return this.#counts.get(reason) ?? 0;
  }

  /** All reasons that occurred. */
  all(): ReadonlyMap<DropReason, number> {
    return this.#counts;
  }
}
