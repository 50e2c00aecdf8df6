import type { Message, Qos } from "./message.ts";

/** What a subscriber asked for with one pattern. */
export interface Subscription {
  /** Messages are delivered with this level at most. */
  readonly qos: Qos;
  /** The client whose own messages are not wanted (`Publisher.clientId`). */
  readonly noLocalFor?: string | undefined;
  /** The publisher's retain intent stays visible. */
  readonly retainAsPublished: boolean;
  /** The subscriber's own number for it, given back with each delivery. */
  readonly id?: number | undefined;
  /** Set on the copy of a subscription that goes with a message sent because it was retained. */
  readonly isRetainedCopy?: boolean | undefined;
}

/** The same object for all that are alike: of a million subscriptions most are. */
export function plainSubscription(qos: Qos, retainAsPublished: boolean): Subscription {
  return (plain[qos * 2 + (retainAsPublished ? 1 : 0)] ??= { qos, retainAsPublished });
}

const plain: Subscription[] = [];

/** A live receiver at the end of a route: no queue, no ledger. It bounds what it holds and counts what it drops. */
export interface Subscriber {
  /**
   * Takes the message or drops it. Called within publish: it must not throw and must not publish.
   *
   * @param subscriptions those that selected the message; the same array for the same route
   */
  deliver(message: Message, subscriptions: readonly Subscription[]): void;
}

/** The subscriptions that want a message of this publisher; the same array when all do. */
export function wantedBy(
  subscriptions: readonly Subscription[],
  publisherClientId: string,
): readonly Subscription[] {
  for (const subscription of subscriptions) {
    if (subscription.noLocalFor === publisherClientId) {
      return subscriptions.filter((other) => other.noLocalFor !== publisherClientId);
    }
  }
  return subscriptions;
}
