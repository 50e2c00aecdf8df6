import type { Cancel, Clock } from "./clock.ts";

interface Timer {
  readonly atMs: number;
  task: (() => void) | undefined;
}

/** No system timer waits longer; a far deadline is looked at again after this many milliseconds. */
const LONGEST_WAIT_MS = 2 ** 30;

/**
 * Any number of deadlines on one timer of the clock: message and queue expiry, session expiry, will delay.
 * A heap ordered by time; a cancelled deadline leaves when its time comes or when half the heap is cancelled.
 */
export class Timers {
  readonly #clock: Clock;
  #heap: Timer[] = [];
  #cancelled = 0;
  #wake: { readonly atMs: number; readonly cancel: Cancel } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds since 1970. */
  now(): number {
    return this.#clock.now();
  }

  /** Calls `task` once when the clock reaches `atMs`; at once, but not before this returns, if it has. */
  at(atMs: number, task: () => void): Cancel {
    const timer: Timer = { atMs, task };
    this.#heap.push(timer);
    this.#siftUp(this.#heap.length - 1);
    if (this.#heap[0] === timer) this.#rearm();
    return () => this.#cancel(timer);
  }

  /** Forgets every deadline. */
  stop(): void {
    this.#wake?.cancel();
    this.#wake = undefined;
    this.#heap = [];
    this.#cancelled = 0;
  }

  #cancel(timer: Timer): void {
    if (timer.task === undefined) return;
    timer.task = undefined;
    this.#cancelled++;
    if (this.#cancelled > 1_000 && this.#cancelled * 2 > this.#heap.length) this.#compact();
  }

  #compact(): void {
    this.#heap = this.#heap.filter((timer) => timer.task !== undefined).toSorted((a, b) => a.atMs - b.atMs);
    this.#cancelled = 0;
  }

  #rearm(): void {
    const [next] = this.#heap;
    if (next === undefined || this.#wake?.atMs === next.atMs) return;
    this.#wake?.cancel();
    const delayMs = Math.min(Math.max(0, next.atMs - this.#clock.now()), LONGEST_WAIT_MS);
    this.#wake = { atMs: next.atMs, cancel: this.#clock.after(delayMs, () => this.#fire()) };
  }

  #fire(): void {
    this.#wake = undefined;
    const nowMs = this.#clock.now();
    for (let first = this.#heap[0]; first !== undefined && first.atMs <= nowMs; first = this.#heap[0]) {
      this.#removeFirst();
      const { task } = first;
      if (task === undefined) {
        this.#cancelled--;
      } else {
        first.task = undefined;
        task();
      }
    }
    this.#rearm();
  }

  #removeFirst(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#siftDown();
  }

  #siftUp(from: number): void {
    let at = from;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!this.#swapIfEarlier(at, above)) return;
      at = above;
    }
  }

  #siftDown(): void {
    let at = 0;
    while (true) {
      const left = at * 2 + 1;
      const right = left + 1;
      const earlier = this.#time(right) < this.#time(left) ? right : left;
      if (!this.#swapIfEarlier(earlier, at)) return;
      at = earlier;
    }
  }

  #swapIfEarlier(lower: number, upper: number): boolean {
    const a = this.#heap[lower];
    const b = this.#heap[upper];
    if (a === undefined || b === undefined || a.atMs >= b.atMs) return false;
    this.#heap[lower] = b;
    this.#heap[upper] = a;
    return true;
  }

  #time(index: number): number {
    return this.#heap[index]?.atMs ?? Number.POSITIVE_INFINITY;
  }
}
