import { type Queue, type QueueOptions, type Subscription, type VirtualHost } from "@dragoman/core";
import { filterBinding, type FilteredSource } from "../translation/filter-pattern.ts";

/** Each member has its own options; those of the group let everything through. */
const groupSubscription: Subscription = { qos: 2, retainAsPublished: true };

/**
 * The groups of shared subscriptions in one virtual host. A group is a queue with a public name, so that clients
 * of other protocols can join it; it exists as long as a session is a member, or another client consumes from it.
 */
export class ShareGroups {
  readonly #vhost: VirtualHost;
  /** By the name of the queue. */
  readonly #members = new Map<string, Set<object>>();

  constructor(vhost: VirtualHost) {
    this.#vhost = vhost;
  }

  /** The queue of a group, created when its first member joins. */
  join(queueName: string, source: FilteredSource, member: object, options: QueueOptions): Queue {
    const { topology } = this.#vhost;
    let queue = topology.queues.get(queueName);
    if (queue === undefined) {
      queue = topology.declareQueue(queueName, options, undefined);
      const { exchange, filter } = source;
      topology.bind(
        this.#vhost.exchange(exchange),
        { kind: "queue", queue },
        filterBinding(filter, groupSubscription),
      );
    }
    this.rejoin(queueName, member);
    return queue;
  }

  /** Counts a member whose group is there. */
  rejoin(queueName: string, member: object): void {
    const members = this.#members.get(queueName);
    if (members === undefined) this.#members.set(queueName, new Set([member]));
    else members.add(member);
  }

  /** Does nothing for who is no member. */
  leave(queueName: string, member: object): void {
    const members = this.#members.get(queueName);
    if (members?.delete(member) !== true || members.size > 0) return;
    this.#members.delete(queueName);
    const queue = this.#vhost.topology.queues.get(queueName);
    if (queue !== undefined && queue.consumerCount === 0) this.#vhost.removeQueue(queue);
  }
}
