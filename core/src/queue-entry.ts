import type { Consumer } from "./consumer.ts";
import type { Delivery, Settlement } from "./delivery.ts";
import type { LogEntry } from "./engine.ts";
import type { Message } from "./message.ts";
import type { Subscription } from "./subscription.ts";
import { encodeSubscriptions } from "./subscription-record.ts";

/** The queue's side of an entry, as far as the entry may know it. */
export interface EntryOwner {
  readonly name: string;
  settleEntry(entry: QueueEntry, settlement: Settlement): void;
}

/** A message's place in a queue; while a consumer holds it, it is the delivery. */
export class QueueEntry implements Delivery, LogEntry {
  readonly #owner: EntryOwner;
  /** Its priority as far as the queue tells priorities apart. */
  readonly lane: number;
  readonly position: number;
  readonly message: Message;
  readonly subscriptions: readonly Subscription[] | undefined;
  /** Deadline in milliseconds since 1970, the queue's own limit included. */
  readonly expiresAtMs: number | undefined;
  /** It is in the engine's log. */
  readonly isStored: boolean;
  deliveryCount = 0;
  /** The first of the entries that have stood in this place: what the engine says of one, it says of all. */
  #first: QueueEntry = this;
  #reference = 0;
  state: "ready" | "taken" | "settled" = "ready";
  /** Who holds it; undefined for one fetched without a consumer. */
  consumer: Consumer | undefined;

  constructor(
    owner: EntryOwner,
    fields: {
      readonly lane: number;
      readonly position: number;
      readonly message: Message;
      readonly subscriptions: readonly Subscription[] | undefined;
      readonly expiresAtMs: number | undefined;
      readonly isStored: boolean;
    },
  ) {
    this.#owner = owner;
    this.lane = fields.lane;
    this.position = fields.position;
    this.message = fields.message;
    this.subscriptions = fields.subscriptions;
    this.expiresAtMs = fields.expiresAtMs;
    this.isStored = fields.isStored;
  }

  get queueName(): string {
    return this.#owner.name;
  }

  get storedAt(): number | undefined {
    return this.isStored ? this.position : undefined;
  }

  get redelivered(): boolean {
    return this.deliveryCount > 0;
  }

  get via(): Uint8Array | undefined {
    return this.subscriptions && encodeSubscriptions(this.subscriptions);
  }

  get reference(): number {
    return this.#first.#reference;
  }

  set reference(reference: number) {
    this.#first.#reference = reference;
  }

  isExpired(nowMs: number): boolean {
    return this.expiresAtMs !== undefined && this.expiresAtMs <= nowMs;
  }

  /** The same place in the queue once more, ready. */
  again(): QueueEntry {
    const entry = new QueueEntry(this.#owner, this);
    entry.deliveryCount = this.deliveryCount;
    entry.#first = this.#first;
    return entry;
  }

  settle(settlement: Settlement): void {
    this.#owner.settleEntry(this, settlement);
  }
}
