import type { Message } from "./message.ts";
import type { Subscription } from "./subscription.ts";

/** What a consumer did with a delivery. */
export type Settlement =
  /** Processed: it leaves the queue. */
  | "accepted"
  /** Given back after an attempt: it returns to its place and counts as redelivered. */
  | "released"
  /** Given back without having been sent: nothing is counted. */
  | "untouched"
  /** Refused for good: dead-lettered or dropped. */
  | "rejected";

/** A message that a queue has handed to a consumer, until it is settled. */
export interface Delivery {
  readonly message: Message;
  readonly queueName: string;
  /** The subscriptions that led it into a session's queue; undefined in an ordinary queue. */
  readonly subscriptions: readonly Subscription[] | undefined;
  /** It was delivered before, to this or another consumer. */
  readonly redelivered: boolean;
  /** How often it came back. */
  readonly deliveryCount: number;
  /** Its place in the stream that it came from, counted from 0; undefined for a work queue. */
  readonly offset?: number | undefined;
  /**
   * Its position in a work queue, counted from 1, when it is stored there: it keeps it over a restart, and no message
   * that is stored later gets it. Undefined for others.
   */
  readonly storedAt?: number | undefined;
  /** Once; a second call, or one after the queue was deleted, does nothing. */
  settle(settlement: Settlement): void;
}
