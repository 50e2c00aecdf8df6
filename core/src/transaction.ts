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
  readonly #check: (message: Message) => void;
  #publishes: Message[] = [];
  #settlements: { readonly delivery: Delivery; readonly settlement: Settlement }[] = [];

  /** @param check throws when the message may not be published */
  constructor(host: VirtualHost, check: (message: Message) => void) {
    this.#host = host;
    this.#check = check;
  }

  /** @throws BrokerError when a publish outside of a transaction would, now */
  publish(message: Message): void {
    this.#check(message);
    this.#publishes.push(message);
  }

  settle(delivery: Delivery, settlement: Settlement): void {
    this.#settlements.push({ delivery, settlement });
  }

  /**
   * Does everything, in the order in which it was asked for, publishes first. Times to live and delays begin now.
   *
   * @param receipts told once, under `tag`, when all of it is on stable storage
   * @returns the outcome of each publish
   * @throws BrokerError "not-found" when an exchange is gone; then nothing was done
   */
  commit(receipts: Receipts, tag: number): PublishOutcome[] {
    // All are looked up before the first is routed: what that sets off may delete one.
    const publishes = this.#publishes.map((message) => ({
      message,
      exchange: this.#host.exchange(message.exchange),
    }));
    const nowMs = this.#host.timers.now();
    const outcomes = publishes.map(({ exchange, message }) =>
      this.#host.publishTo(exchange, isTimed(message) ? message.renewed(nowMs) : message),
    );
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

/** What becomes of it depends on when it was received. */
function isTimed({ expiresAtMs, delayMs }: Message): boolean {
  return expiresAtMs !== undefined || delayMs !== undefined;
}
