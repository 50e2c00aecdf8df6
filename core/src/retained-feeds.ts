import type { Cancel } from "./clock.ts";
import { BrokerError } from "./errors.ts";
import type { Message } from "./message.ts";
import type { RetainedWalk } from "./retained-walk.ts";
import type { Subscription } from "./subscription.ts";
import type { Timers } from "./timers.ts";

/** Places of the retained store that are looked at in one turn of the loop: some milliseconds. */
export const stepsPerTurn = 1_000;

/** How long a storage that has failed is left alone. */
const retryMs = 1_000;

/** Retained messages for a new subscription. */
export interface RetainedFeed {
  /** What its subscription is known by. */
  readonly key: string;
  readonly subscriptions: readonly Subscription[];
  readonly wants: (message: Message) => boolean;
  readonly walk: RetainedWalk;
  /** What was read and not sent yet. */
  readonly messages: Message[];
}

/**
 * Retained messages on their way to one client: those of the oldest subscription first, read as it takes them and in
 * portions, so that whoever asks for a million of them stops nobody else.
 */
export class RetainedFeeds {
  readonly #feeds: RetainedFeed[];
  readonly #timers: Timers;
  readonly #goOn: () => void;
  #stepsLeft = stepsPerTurn;
  /** The turn that they are left of, as a time. */
  #turnMs = 0;
  #nextTurn: Cancel | undefined;

  /**
   * @param feeds what an earlier connection left
   * @param goOn called when `next` has something more to give
   */
  constructor(feeds: RetainedFeed[], timers: Timers, goOn: () => void) {
    this.#feeds = feeds;
    this.#timers = timers;
    this.#goOn = goOn;
  }

  get isEmpty(): boolean {
    return this.#feeds.length === 0;
  }

  /** One that has the same key is over. */
  push(feed: RetainedFeed): void {
    this.end(feed.key);
    this.#feeds.push(feed);
  }

  /** The subscription is over. */
  end(key: string): void {
    const at = this.#feeds.findIndex((feed) => feed.key === key);
    if (at >= 0) this.#feeds.splice(at, 1)[0]?.walk.end();
  }

  /** The message that is next; undefined when there is none, or it is another turn's. */
  next(): { readonly message: Message; readonly subscriptions: readonly Subscription[] } | undefined {
    for (let [feed] = this.#feeds; feed !== undefined; [feed] = this.#feeds) {
      const message = feed.messages.pop();
      if (message !== undefined) {
        // What has been replaced meanwhile came, or comes, as a live message: the old must not follow the new.
        if (feed.walk.isCurrent(message)) return { message, subscriptions: feed.subscriptions };
      } else if (feed.walk.isOver) {
        this.#feeds.shift();
      } else if (!this.#read(feed)) {
        return undefined;
      }
    }
    return undefined;
  }

  /**
   * The connection has ended, and with it what was not read yet.
   *
   * @param isKept what was read waits for the next connection
   */
  close(isKept: boolean): void {
    this.#nextTurn?.();
    for (const { walk } of this.#feeds) walk.end();
    const left = isKept ? this.#feeds.filter(({ messages }) => messages.length > 0) : [];
    this.#feeds.splice(0, this.#feeds.length, ...left);
  }

  /** False when this turn has read enough. */
  #read({ walk, wants, messages }: RetainedFeed): boolean {
    const nowMs = this.#timers.now();
    if (nowMs !== this.#turnMs) this.#beginTurn(nowMs);
    if (this.#stepsLeft <= 0) {
      this.#wait(0);
      return false;
    }
    try {
      this.#stepsLeft -= walk.read(this.#stepsLeft, (message) => {
        if (wants(message)) messages.push(message);
      });
    } catch (error) {
      if (!(error instanceof BrokerError && error.code === "unavailable")) throw error;
      this.#wait(retryMs);
      return false;
    }
    // The oldest goes first, from the end.
    messages.sort((a, b) => b.receivedAtMs - a.receivedAtMs);
    return true;
  }

  #beginTurn(nowMs: number): void {
    this.#turnMs = nowMs;
    this.#stepsLeft = stepsPerTurn;
  }

  #wait(delayMs: number): void {
    if (this.#nextTurn !== undefined) return;
    this.#nextTurn = this.#timers.at(this.#timers.now() + delayMs, () => {
      this.#nextTurn = undefined;
      this.#beginTurn(this.#timers.now());
      this.#goOn();
    });
  }
}
