import type {
  Client,
  Message,
  PublishOutcome,
  Settlement,
  Transaction as CoreTransaction,
} from "@dragoman/core";
import { StompError } from "../stomp-error.ts";
import type { ReceiptBook } from "./receipt-book.ts";
import type { Acknowledged } from "./subscription.ts";

/** What was sent and acknowledged between BEGIN and COMMIT (STOMP 1.2, BEGIN). */
class Transaction {
  readonly #core: CoreTransaction;
  #taken: Acknowledged[] = [];
  /** Receipts of the frames in it: they are due when it is committed. */
  readonly receipts: string[] = [];
  memoryBytes = 0;

  constructor(core: CoreTransaction) {
    this.#core = core;
  }

  publish(message: Message): void {
    this.#core.publish(message);
    this.memoryBytes += message.memoryBytes;
  }

  settle(taken: Acknowledged, settlement: Settlement): void {
    this.#taken.push(taken);
    taken.subscription.holdFor(taken.deliveries);
    for (const [, delivery] of taken.deliveries) this.#core.settle(delivery, settlement);
  }

  /** @throws BrokerError "not-found" when an exchange is gone; then it is aborted */
  commit(book: ReceiptBook, receipt: string | undefined): PublishOutcome[] {
    const receipts = receipt === undefined ? this.receipts : [...this.receipts, receipt];
    try {
      const outcomes = this.#core.commit(book.ledger, book.owe(receipts));
      for (const { subscription, deliveries } of this.#taken) subscription.letGo(deliveries);
      return outcomes;
    } catch (error) {
      this.abort();
      throw error;
    }
  }

  /** Nothing happens; deliveries wait for an ACK again. */
  abort(): void {
    this.#core.rollback();
    for (const { subscription, deliveries } of this.#taken) subscription.putBack(deliveries);
    this.#taken = [];
  }
}

/** The open transactions of one connection, by the names that its client gave them. */
export class Transactions {
  readonly #client: Client;
  readonly #maxBytes: number;
  readonly #open = new Map<string, Transaction>();
  #memoryBytes = 0;

  /** @param maxBytes what all of them together may hold */
  constructor(client: Client, maxBytes: number) {
    this.#client = client;
    this.#maxBytes = maxBytes;
  }

  /** @throws StompError "protocol-violation" when there is one of that name */
  begin(name: string): void {
    if (this.#open.has(name)) {
      throw new StompError(
        "protocol-violation",
        "Transaction in progress",
        `transaction "${name}" has begun already`,
      );
    }
    this.#open.set(name, new Transaction(this.#client.begin()));
  }

  /** @throws BrokerError when the message would be refused, or too much is held */
  publish(name: string, message: Message, receipt: string | undefined): void {
    const transaction = this.#find(name);
    this.#client.checkPublish(message);
    this.#memoryBytes += message.memoryBytes;
    if (this.#memoryBytes > this.#maxBytes) {
      throw new StompError(
        "quota",
        "Transaction too large",
        `transactions of this connection hold ${this.#memoryBytes} bytes, limit ${this.#maxBytes}`,
      );
    }
    transaction.publish(message);
    if (receipt !== undefined) transaction.receipts.push(receipt);
  }

  /** @throws StompError "not-found" */
  settle(name: string, taken: Acknowledged, settlement: Settlement, receipt: string | undefined): void {
    const transaction = this.#find(name);
    transaction.settle(taken, settlement);
    if (receipt !== undefined) transaction.receipts.push(receipt);
  }

  /**
   * @returns what became of the messages
   * @throws StompError "not-found"
   */
  commit(name: string, book: ReceiptBook, receipt: string | undefined): PublishOutcome[] {
    return this.#close(name).commit(book, receipt);
  }

  /**
   * @returns the receipts of the frames in it
   * @throws StompError "not-found"
   */
  abort(name: string): readonly string[] {
    const transaction = this.#close(name);
    transaction.abort();
    return transaction.receipts;
  }

  abortAll(): void {
    for (const transaction of this.#open.values()) transaction.abort();
    this.#open.clear();
    this.#memoryBytes = 0;
  }

  /** @throws StompError "not-found": checked before a delivery is taken out */
  require(name: string): void {
    this.#find(name);
  }

  #close(name: string): Transaction {
    const transaction = this.#find(name);
    this.#open.delete(name);
    this.#memoryBytes -= transaction.memoryBytes;
    return transaction;
  }

  #find(name: string): Transaction {
    const transaction = this.#open.get(name);
    if (transaction !== undefined) return transaction;
    throw new StompError("not-found", "Bad transaction", `there is no transaction "${name}": BEGIN it first`);
  }
}
