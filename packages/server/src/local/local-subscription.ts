import {
  BrokerError,
  type Cancel,
  Deque,
  type Drops,
  makePattern,
  MANY,
  type Message,
  ONE,
  type Pattern,
  type Subscriber,
  type Subscription,
  TOPIC_SPACE,
  tradeSeparators,
  type VirtualHost,
} from "@dragoman/core";
import { isTopicFilter } from "../access/topic-permission.ts";
import type { Log } from "../log.ts";
import { type IncomingMessage, toIncoming } from "./incoming-message.ts";

/** Called for one message at a time: while it returns a promise that is not settled, the next one waits. */
export type MessageHandler = (message: IncomingMessage) => void | Promise<void>;

/** Messages that wait for a slow handler; more are dropped, and counted as `slow-subscriber`. */
const MOST_WAITING = 10_000;
/** No filter of its own says more than the pattern does. */
const PLAIN: Subscription = { qos: 2, retainAsPublished: true };

/**
 * Subscribes to the topic space; messages that are retained come first. The returned function ends it.
 *
 * @throws BrokerError "bad-address" when the filter cannot be one
 */
export function subscribeLocally(
  vhost: VirtualHost,
  filter: string,
  handler: MessageHandler,
  log: Log,
): Cancel {
  const pattern = parseFilter(filter);
  const subscriber = new LocalSubscriber(handler, vhost.drops, log);
  for (const message of vhost.retained.match(pattern)) subscriber.take(message, true);
  const key = tradeSeparators(filter).replaceAll("+", "*");
  const cancel = vhost.subscribe(vhost.exchange(TOPIC_SPACE), subscriber, {
    key,
    pattern,
    subscription: PLAIN,
  });
  return () => {
    cancel();
    subscriber.stop();
  };
}

class LocalSubscriber implements Subscriber {
  readonly #handler: MessageHandler;
  readonly #drops: Drops;
  readonly #log: Log;
  readonly #waiting = new Deque<IncomingMessage>();
  #isHandling = false;
  #isStopped = false;

  constructor(handler: MessageHandler, drops: Drops, log: Log) {
    this.#handler = handler;
    this.#drops = drops;
    this.#log = log;
  }

  deliver(message: Message): void {
    this.take(message, false);
  }

  take(message: Message, retained: boolean): void {
    if (this.#waiting.length >= MOST_WAITING) {
      this.#drops.count("slow-subscriber");
      return;
    }
    this.#waiting.push(toIncoming(message, retained));
    if (this.#isHandling) return;
    this.#isHandling = true;
    // Not within publish: the handler may publish itself.
    setImmediate(() => void this.#handle());
  }

  stop(): void {
    this.#isStopped = true;
    this.#waiting.clear();
  }

  async #handle(): Promise<void> {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      if (this.#isStopped) break;
      try {
        await this.#handler(next);
      } catch (error) {
        this.#log.error({ err: error, topic: next.topic }, "a subscription's handler failed");
      }
    }
    this.#isHandling = false;
  }
}

function parseFilter(filter: string): Pattern {
  if (filter === "" || filter.includes("\0") || !isTopicFilter(filter)) {
    throw new BrokerError("bad-address", `'${filter}' is not a topic filter: + and a final # stand alone`);
  }
  const levels = filter.split("/").map((level) => (level === "+" ? ONE : level === "#" ? MANY : level));
  return makePattern(levels, true);
}
