import type { Client, Queue, QueueOptions } from "@dragoman/core";
import { StompError } from "../stomp-error.ts";
import { differingHeader, type WantedOptions, withDefaults } from "../translation/queue-options.ts";

/** What `/queue/…` makes when there is no such queue, as RabbitMQ does. */
const namedQueue: QueueOptions = { durable: true, exclusive: false, autoDelete: false };

const reservedPrefix = "amq.";

/** The queues that one client uses, made when they are first named. */
export class Queues {
  readonly #client: Client;
  /** Temporary queues by the name after `/temp-queue/`: each connection has its own. */
  readonly #temporary = new Map<string, string>();

  constructor(client: Client) {
    this.#client = client;
  }

  has(name: string): boolean {
    return this.#client.vhost.topology.queues.has(name);
  }

  /**
   * The queue of that name; it is made if it is not there. One that is there will do, unless it differs from what
   * is explicitly wanted.
   *
   * @throws BrokerError "conflict" naming the header, "locked" for another connection's own queue,
   *   "not-authorized" for a new one with a reserved name
   */
  async ensure(
    name: string,
    wanted: WantedOptions,
    defaults: QueueOptions = namedQueue,
  ): Promise<{ readonly queue: Queue; readonly isNew: boolean }> {
    if (!this.has(name)) {
      if (name.startsWith(reservedPrefix)) {
        throw new StompError(
          "not-authorized",
          "access_refused",
          `queue '${name}' does not exist, and names that begin with ${reservedPrefix} are the broker's to give`,
        );
      }
      const queue = await this.#client.declareQueue(name, withDefaults(wanted, defaults));
      return { queue, isNew: true };
    }
    const queue = this.#client.queue(name);
    const header = differingHeader(queue.options, wanted);
    if (header !== undefined) {
      throw new StompError(
        "conflict",
        "precondition_failed",
        `queue '${name}' exists and differs from what header ${header} asks for`,
      );
    }
    queue.touch();
    return { queue, isNew: false };
  }

  /** The name in the broker of a temporary queue; nobody can guess it. */
  temporaryName(name: string): string {
    let unique = this.#temporary.get(name);
    if (unique === undefined) {
      unique = uniqueQueueName("stomp-temp");
      this.#temporary.set(name, unique);
    }
    return unique;
  }
}

/** A queue name that nobody else has. */
export function uniqueQueueName(prefix: string): string {
  const random = Buffer.from(crypto.getRandomValues(new Uint8Array(15)));
  return `${prefix}-${random.toString("base64url")}`;
}

/** Belongs to the connection and goes with it. */
export const temporaryQueue: QueueOptions = { durable: false, exclusive: true, autoDelete: false };
/** Belongs to one subscription and goes with it. */
export const subscriptionQueue: QueueOptions = { durable: false, exclusive: true, autoDelete: true };
/** The same under a name that others may know. */
export const namedSubscriptionQueue: QueueOptions = { durable: false, exclusive: false, autoDelete: true };
/** Keeps messages while its subscriber is away. */
export const durableSubscriptionQueue: QueueOptions = { durable: true, exclusive: false, autoDelete: false };
