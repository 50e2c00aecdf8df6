import { addDeath, isDeadLetterCycle } from "./dead-letter.ts";
import { Deque } from "./deque.ts";
import type { Drops } from "./drops.ts";
import type { Exchange } from "./exchange.ts";
import type { DeathReason, Message } from "./message.ts";
import type { Queue } from "./queue.ts";
import type { Timers } from "./timers.ts";
import type { TopicTable } from "./topic.ts";

interface DeadLetterOnItsWay {
  readonly exchange: Exchange;
  readonly message: Message;
  readonly isRejected: boolean;
}

/** The virtual host's side of dead-lettering, as far as it may know it. */
export interface DeadLetterHost {
  readonly timers: Timers;
  readonly drops: Drops;
  readonly topics: TopicTable;
  findExchange(name: string): Exchange | undefined;
  publishTo(exchange: Exchange, message: Message): void;
}

/**
 * Sends what queues do not keep on to their dead-letter exchanges. What dies while another dead letter is
 * being routed waits in line: queues that dead-letter into each other would otherwise call each other as
 * deep as they hold messages.
 */
export class DeadLetters {
  readonly #host: DeadLetterHost;
  readonly #line = new Deque<DeadLetterOnItsWay>();
  #routing: DeadLetterOnItsWay | undefined;

  constructor(host: DeadLetterHost) {
    this.#host = host;
  }

  /** Routes the message to the queue's dead-letter exchange, or counts it as lost when there is none. */
  send(queue: Queue, message: Message, reason: DeathReason): void {
    const { deadLetter } = queue.options;
    const exchange = deadLetter && this.#host.findExchange(deadLetter.exchange);
    if (deadLetter === undefined || exchange === undefined) {
      this.#host.drops.count(reason);
      return;
    }
    const { key } = deadLetter;
    const dead = message.with({
      exchange: exchange.name,
      topic: key === undefined ? message.topic : this.#host.topics.fromKey(key),
      copies: key === undefined ? message.copies : undefined,
      expiresAtMs: undefined,
      ttlRaw: undefined,
      delayMs: undefined,
      retain: false,
      deaths: addDeath(message, queue.name, reason, this.#host.timers.now()),
    });
    this.#line.push({ exchange, message: dead, isRejected: reason === "rejected" });
    this.#route();
  }

  /**
   * True when the message is the dead letter that is being routed, and would come round to a queue where it
   * died before without a consumer having rejected it since.
   */
  comesRound(message: Message, queue: Queue): boolean {
    // Copies share the history.
    const isOnItsWay = this.#routing?.message.deaths === message.deaths && !this.#routing.isRejected;
    return isOnItsWay && isDeadLetterCycle(message, queue.name);
  }

  #route(): void {
    if (this.#routing !== undefined) return;
    for (let next = this.#line.shift(); next !== undefined; next = this.#line.shift()) {
      this.#routing = next;
      this.#host.publishTo(next.exchange, next.message);
    }
    this.#routing = undefined;
  }
}
