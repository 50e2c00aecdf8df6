import type { Cancel, Clock } from "../clock.ts";

interface Waiting {
  readonly atMs: number;
  readonly task: () => void;
}

/** A clock that stands still until a test moves it. */
export class FakeClock implements Clock {
  #nowMs: number;
  #waiting: Waiting[] = [];

  /** @param nowMs milliseconds since 1970 at which it starts */
  constructor(nowMs: number = Date.UTC(2030, 0, 1)) {
    this.#nowMs = nowMs;
  }

  now(): number {
    return this.#nowMs;
  }

  after(delayMs: number, task: () => void): Cancel {
    const waiting: Waiting = { atMs: this.#nowMs + delayMs, task };
    this.#waiting.push(waiting);
    return () => {
      this.#waiting = this.#waiting.filter((other) => other !== waiting);
    };
  }

  /** Lets time pass; what falls due is done at its own time, in order. */
  advance(byMs: number): void {
    const endMs = this.#nowMs + byMs;
    for (let next = this.#nextUntil(endMs); next !== undefined; next = this.#nextUntil(endMs)) {
      const due = next;
      this.#waiting = this.#waiting.filter((other) => other !== due);
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      due.task();
    }
    this.#nowMs = endMs;
  }

  #nextUntil(endMs: number): Waiting | undefined {
    const due = this.#waiting.filter(({ atMs }) => atMs <= endMs);
    return due.toSorted((a, b) => a.atMs - b.atMs)[0];
  }
}
