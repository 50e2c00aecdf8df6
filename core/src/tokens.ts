import type { Timers } from "./timers.ts";

interface Entry<T> {
  readonly value: T;
  /** Held weakly: a token outlives the connection that may use it. */
  readonly owner: WeakRef<object> | undefined;
  readonly expiresAtMs: number;
  readonly byteCount: number;
}

/** What is kept at most; the oldest goes first. */
export interface TokenLimits<T> {
  readonly tokens: number;
  /** Of all values together, as `bytesOf` counts them. */
  readonly bytes: number;
  readonly bytesOf: (value: T) => number;
}

/**
 * Short unguessable names for things that another protocol has no words for: a reply address, a
 * correlation that is not text. Bounded in number, size and time.
 */
export class Tokens<T> {
  readonly #timers: Timers;
  readonly #lifeMs: number;
  readonly #limits: TokenLimits<T>;
  readonly #entries = new Map<string, Entry<T>>();
  #byteCount = 0;

  /** @param lifeMs how long a token is good for, in milliseconds */
  constructor(timers: Timers, lifeMs: number, limits: TokenLimits<T>) {
    this.#timers = timers;
    this.#lifeMs = lifeMs;
    this.#limits = limits;
  }

  /**
   * A new token for the value.
   *
   * @param owner when given, only this object may use the token
   */
  issue(value: T, owner?: object): string {
    const byteCount = this.#limits.bytesOf(value);
    this.#makeRoom(byteCount);
    this.#byteCount += byteCount;
    const token = Buffer.from(crypto.getRandomValues(new Uint8Array(12))).toString("base64url");
    this.#entries.set(token, {
      value,
      owner: owner && new WeakRef(owner),
      expiresAtMs: this.#timers.now() + this.#lifeMs,
      byteCount,
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
  #makeRoom(neededBytes: number): void {
    const nowMs = this.#timers.now();
    const { tokens, bytes } = this.#limits;
    for (const [token, { expiresAtMs, byteCount }] of this.#entries) {
      const isRoom = this.#entries.size < tokens && this.#byteCount + neededBytes <= bytes;
      if (expiresAtMs > nowMs && isRoom) return;
      this.#entries.delete(token);
      this.#byteCount -= byteCount;
    }
  }
}
