import type {
  Client,
  Message,
  PublishOutcome,
  Receipts,
  Settlement,
  Taken,
  Transaction,
  Unsettled,
} from "@dragoman/core";
import { AmqpError } from "../codec/amqp-error.ts";

interface Publish {
  readonly message: Message;
  readonly mandatory: boolean;
}

/** A publish of the transaction and what became of it. */
export interface CommittedPublish extends Publish {
  readonly outcome: PublishOutcome;
}

/** What a message without content takes up, about. */
const MESSAGE_BYTES = 512;

/** Publishes and acknowledgements of a channel in transaction mode, until commit or rollback. AMQP 0-9-1 §1.9 */
export class ChannelTransaction {
  readonly #client: Client;
  readonly #unsettled: Unsettled;
  readonly #maxBytes: number;
  #transaction: Transaction;
  #publishes: Publish[] = [];
  #taken: (readonly Taken[])[] = [];
  #heldBytes = 0;

  /** @param maxBytes of messages that may wait for the commit, bodies and properties together */
  constructor(client: Client, unsettled: Unsettled, maxBytes: number) {
    this.#client = client;
    this.#unsettled = unsettled;
    this.#maxBytes = maxBytes;
    this.#transaction = client.begin();
  }

  /** @throws AmqpError "precondition-failed" when too much waits for the commit already; BrokerError as a publish does */
  publish(message: Message, mandatory: boolean): void {
    this.#heldBytes += MESSAGE_BYTES + message.memoryBytes;
    if (this.#heldBytes > this.#maxBytes) {
      throw new AmqpError(
        "precondition-failed",
        `uncommitted messages are larger than configured max size ${this.#maxBytes}`,
      );
    }
    this.#transaction.publish(message);
    this.#publishes.push({ message, mandatory });
  }

  settle(taken: readonly Taken[], settlement: Settlement): void {
    for (const [, delivery] of taken) this.#transaction.settle(delivery, settlement);
    this.#taken.push(taken);
  }

  /**
   * @param receipts told under `tag` when everything is on stable storage
   * @throws BrokerError "not-found" when an exchange is gone; then nothing was done
   */
  commit(receipts: Receipts, tag: number): CommittedPublish[] {
    const publishes = this.#publishes;
    const outcomes = this.#transaction.commit(receipts, tag);
    this.#begin();
    return publishes.map((publish, at) => ({ ...publish, outcome: outcomes[at] ?? "routed" }));
  }

  /** Deliveries that were acknowledged within wait for their acknowledgement again. */
  rollback(): void {
    this.#transaction.rollback();
    this.#unsettled.putBack(this.#taken.flat());
    this.#begin();
  }

  #begin(): void {
    this.#transaction = this.#client.begin();
    this.#publishes = [];
    this.#taken = [];
    this.#heldBytes = 0;
  }
}
