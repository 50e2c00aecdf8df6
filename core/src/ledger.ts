import { Deque } from "./deque.ts";
import type { Engine } from "./engine.ts";
import type { PublishOutcome } from "./publishing.ts";

/** Told when the broker has taken responsibility for a publish. One for each connection or channel. */
export interface ReceiptListener {
  /**
   * `tag` was given with the publish. Called in the order of the publishes, once for each, at the earliest
   * before the call of publish returns and at the latest after the commit that holds the message.
   */
  accepted(tag: number, outcome: PublishOutcome): void;
}

/** Publishes with tags one behind the other that wait for the same. */
interface Waiting {
  first: number;
  count: number;
  readonly outcome: PublishOutcome;
  readonly batch: number;
}

/**
 * The acknowledgements that one publisher is owed, in the order of its publishes. PUBACK, RECEIPT,
 * basic.ack and commit-ok all come out of here, so they all mean the same.
 */
export class Receipts {
  readonly #ledger: Ledger;
  readonly #listener: ReceiptListener;
  readonly #waiting = new Deque<Waiting>();
  #latest: Waiting | undefined;
  #pending = 0;

  constructor(ledger: Ledger, listener: ReceiptListener) {
    this.#ledger = ledger;
    this.#listener = listener;
  }

  /** Publishes that are not on stable storage yet. */
  get pending(): number {
    return this.#pending;
  }

  /** Owes the acknowledgement of `tag` until the engine has committed `batch`; 0 is for nothing stored. */
  add(tag: number, outcome: PublishOutcome, batch: number): void {
    if (this.#pending === 0 && batch <= this.#ledger.committed) {
      this.#listener.accepted(tag, outcome);
      return;
    }
    if (this.#pending === 0) this.#ledger.await(this);
    this.#pending++;
    const latest = this.#latest;
    if (latest?.batch === batch && latest.outcome === outcome && latest.first + latest.count === tag) {
      latest.count++;
    } else {
      this.#waiting.push((this.#latest = { first: tag, count: 1, outcome, batch }));
    }
  }

  /** Pays what the commit of `batch` has made safe. True when more is waiting. */
  release(batch: number): boolean {
    for (let next = this.#waiting.first(); next !== undefined; next = this.#waiting.first()) {
      if (next.batch > batch) return true;
      this.#pay(next, next.outcome);
    }
    return false;
  }

  /** Answers everything that waits with "unavailable": the engine has not stored it. */
  fail(): void {
    // What the listener publishes when it hears of it is not among them.
    this.#latest = undefined;
    for (let left = this.#waiting.length; left > 0; left--) {
      const lost = this.#waiting.first();
      if (lost !== undefined) this.#pay(lost, "unavailable");
    }
  }

  #pay(waiting: Waiting, outcome: PublishOutcome): void {
    // The listener may publish again: that publish must find those before it still waiting.
    while (waiting.count > 0) {
      this.#listener.accepted(waiting.first, outcome);
      waiting.first++;
      waiting.count--;
      this.#pending--;
    }
    this.#waiting.shift();
    if (this.#latest === waiting) this.#latest = undefined;
  }
}

/** All receipts that wait for the engine. */
export class Ledger {
  readonly #engine: Engine;
  #waiting = new Set<Receipts>();

  constructor(engine: Engine) {
    this.#engine = engine;
    engine.onCommit((batch) => this.#release(batch));
  }

  /** The last batch that is on stable storage. */
  get committed(): number {
    return this.#engine.committed;
  }

  /** A line of receipts for one publisher. */
  open(listener: ReceiptListener): Receipts {
    return new Receipts(this, listener);
  }

  /** Called by receipts that begin to wait. */
  await(receipts: Receipts): void {
    this.#waiting.add(receipts);
  }

  #release(batch: number): void {
    const released = this.#waiting;
    this.#waiting = new Set();
    for (const receipts of released) {
      if (receipts.release(batch)) this.#waiting.add(receipts);
    }
  }

  /** The engine has ended: what waits still was not stored. */
  fail(): void {
    const failed = this.#waiting;
    this.#waiting = new Set();
    for (const receipts of failed) receipts.fail();
  }
}
