/** Told when a window that was full can take deliveries again. */
export interface WindowWaiter {
  /** Who has a higher one is told first; 0 unless given. */
  readonly priority?: number;
  windowOpened(): void;
}

/**
 * How many deliveries may be unsettled at once: MQTT's Receive Maximum, STOMP's and AMQP's prefetch. One
 * window may be shared by the consumers of a channel or a connection, and a transport that is full closes
 * one with `pause`.
 */
export class Window {
  #limit: number;
  #taken = 0;
  #isPaused = false;
  #isHeld = false;
  /** From the first one on: most windows are never full. */
  #waiters: Set<WindowWaiter> | undefined;
  /** Some waiter had a priority: rare, and only then are they put in order. */
  #isRanked = false;

  /** @param limit unsettled deliveries at most; Infinity for no limit */
  constructor(limit: number = Number.POSITIVE_INFINITY) {
    this.#limit = limit;
  }

  get limit(): number {
    return this.#limit;
  }

  /** Deliveries that are not settled. */
  get taken(): number {
    return this.#taken;
  }

  get isOpen(): boolean {
    return this.#taken < this.#limit && !this.#isPaused && !this.#isHeld;
  }

  /** Acts at once, on what is delivered next. */
  resize(limit: number): void {
    this.#limit = limit;
    this.#announce();
  }

  take(): void {
    this.#taken++;
  }

  /** @param count deliveries that were settled together */
  release(count = 1): void {
    this.#taken -= count;
    this.#announce();
  }

  /** Nothing more is delivered until `resume`, whatever the limit. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#announce();
  }

  /** As `pause`, and independent of it: for a moment, while much is settled that is answered together. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Ends `hold`. */
  letGo(): void {
    this.#isHeld = false;
    this.#announce();
  }

  /** `waiter` is told once, when the window is open again. */
  await(waiter: WindowWaiter): void {
    (this.#waiters ??= new Set()).add(waiter);
    this.#isRanked ||= (waiter.priority ?? 0) !== 0;
  }

  forget(waiter: WindowWaiter): void {
    this.#waiters?.delete(waiter);
  }

  #announce(): void {
    const waiters = this.#waiters;
    if (waiters === undefined) return;
    // Those that are not reached keep their place: with thousands of waiters, one release stays cheap.
    for (const waiter of this.#isRanked ? ranked(waiters) : waiters) {
      if (!this.isOpen) return;
      if (waiters.delete(waiter)) waiter.windowOpened();
    }
    if (waiters.size === 0) this.#isRanked = false;
  }
}

function ranked(waiters: Iterable<WindowWaiter>): readonly WindowWaiter[] {
  return [...waiters].toSorted((a, b) => (b.priority ?? 0) - (a.priority ?? 0));
}
