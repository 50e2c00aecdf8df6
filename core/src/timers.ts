import type { Cancel, Clock } from "./clock.ts";

interface Timer {
  readonly atMs: number;
  /** Equal deadlines fall due in the order in which they were set. */
  readonly number: number;
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
  #numbered = 0;
  #isStopped = false;
  #wake: { readonly atMs: number; readonly cancel: Cancel } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds since 1970. */
  now(): number {
    return this.#clock.now();
  }

  /** Deadlines that are neither met nor cancelled. */
  get pending(): number {
    return this.#heap.length - this.#cancelled;
  }

  /**
   * Calls `task` once when the clock reaches `atMs`; at once, but not before this returns, if it has. Those
   * of the same time are called in the order of these calls. Does nothing after `stop`.
   */
  at(atMs: number, task: () => void): Cancel {
    if (this.#isStopped) return () => undefined;
    const timer: Timer = { atMs, number: ++this.#numbered, task };
    this.#heap.push(timer);
    this.#siftUp(this.#heap.length - 1);
    if (this.#heap[0] === timer) this.#rearm();
    return () => this.#cancel(timer);
  }

  /** Forgets every deadline, and every later one. */
  stop(): void {
    this.#isStopped = true;
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
    this.#heap = this.#heap
      .filter((timer) => timer.task !== undefined)
      .toSorted((a, b) => (isEarlier(a, b) ? -1 : 1));
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
    // What the tasks themselves add is left to the next wake, so a chain of them cannot hold the loop.
    const last = this.#numbered;
    for (let first = this.#heap[0]; isDue(first, nowMs, last); first = this.#heap[0]) {
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
      const a = this.#heap[left];
      const b = this.#heap[right];
      const earlier = a !== undefined && b !== undefined && isEarlier(b, a) ? right : left;
      if (!this.#swapIfEarlier(earlier, at)) return;
      at = earlier;
    }
  }

  #swapIfEarlier(lower: number, upper: number): boolean {
    const a = this.#heap[lower];
    const b = this.#heap[upper];
    if (a === undefined || b === undefined || !isEarlier(a, b)) return false;
    this.#heap[lower] = b;
    this.#heap[upper] = a;
    return true;
  }
}

function isEarlier(a: Timer, b: Timer): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.number < b.number);
}

function isDue(timer: Timer | undefined, nowMs: number, last: number): timer is Timer {
  return timer !== undefined && timer.atMs <= nowMs && timer.number <= last;
}
