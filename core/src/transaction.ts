import type { Delivery, Settlement } from "./delivery.ts";
import type { Receipts } from "./ledger.ts";
import type { Message } from "./message.ts";
import type { PublishOutcome } from "./publishing.ts";
import type { VirtualHost } from "./virtual-host.ts";

/**
 * Publishes and settlements that happen together or not at all. Nothing has an effect before `commit`,
 * and `commit` is one step: everything it writes is in one batch of the engine.
 */
export class Transaction {
  readonly #host: VirtualHost;
  #publishes: Message[] = [];
  #settlements: { readonly delivery: Delivery; readonly settlement: Settlement }[] = [];

  constructor(host: VirtualHost) {
    this.#host = host;
  }

  /** Bytes of the messages held until the commit. */
  get byteCount(): number {
    return this.#publishes.reduce((sum, message) => sum + message.byteCount, 0);
  }

  /** @throws BrokerError "not-found" when the exchange does not exist now */
  publish(message: Message): void {
    this.#host.exchange(message.exchange);
    this.#publishes.push(message);
  }

  settle(delivery: Delivery, settlement: Settlement): void {
    this.#settlements.push({ delivery, settlement });
  }

  /**
   * Does everything, in the order in which it was asked for, publishes first.
   *
   * @param receipts told once, under `tag`, when all of it is on stable storage
   * @returns the outcome of each publish
   * @throws BrokerError "not-found" when an exchange is gone; then nothing was done
   */
  commit(receipts: Receipts, tag: number): PublishOutcome[] {
    for (const { exchange } of this.#publishes) this.#host.exchange(exchange);
    const outcomes = this.#publishes.map((message) => this.#host.publish(message));
    for (const { delivery, settlement } of this.#settlements) delivery.settle(settlement);
    this.#host.commitReceipt(receipts, tag);
    this.#forget();
    return outcomes;
  }

  /** Forgets everything; deliveries stay with their consumers. */
  rollback(): void {
    this.#forget();
  }

  #forget(): void {
    this.#publishes = [];
    this.#settlements = [];
  }
}
