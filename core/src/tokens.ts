import type { Timers } from "./timers.ts";

interface Entry<T> {
  readonly value: T;
  /** Held weakly: a token outlives the connection that may use it. */
  readonly owner: WeakRef<object> | undefined;
  readonly expiresAtMs: number;
}

/**
 * Short unguessable names for things that another protocol has no words for: a reply address, a
 * correlation that is not text. Bounded in number and time.
 */
export class Tokens<T> {
  readonly #timers: Timers;
  readonly #lifeMs: number;
  readonly #capacity: number;
  readonly #entries = new Map<string, Entry<T>>();

  /**
   * @param lifeMs how long a token is good for, in milliseconds
   * @param capacity tokens kept at most; the oldest goes first
   */
  constructor(timers: Timers, lifeMs: number, capacity: number) {
    this.#timers = timers;
    this.#lifeMs = lifeMs;
    this.#capacity = capacity;
  }

  /**
   * A new token for the value.
   *
   * @param owner when given, only this object may use the token
   */
  issue(value: T, owner?: object): string {
    this.#makeRoom();
    const token = Buffer.from(crypto.getRandomValues(new Uint8Array(12))).toString("base64url");
    this.#entries.set(token, {
      value,
      owner: owner && new WeakRef(owner),
      expiresAtMs: this.#timers.now() + this.#lifeMs,
    });
    return token;
  }

  /** What the token stands for; undefined when it is unknown, too old, or another's. */
  resolve(token: string, owner?: object): T | undefined {
    const entry = this.#entries.get(token);
    if (entry === undefined || entry.expiresAtMs <= this.#timers.now()) return undefined;
    return entry.owner === undefined || entry.owner.deref() === owner ? entry.value : undefined;
  }

  /** Entries stand in the order of their expiry, so those that must go are in front. */
  #makeRoom(): void {
    const nowMs = this.#timers.now();
    for (const [token, { expiresAtMs }] of this.#entries) {
      if (expiresAtMs > nowMs && this.#entries.size < this.#capacity) return;
      this.#entries.delete(token);
    }
  }
}
