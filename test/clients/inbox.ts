import { setTimeout, clearTimeout } from "node:timers";

/** How long a test waits for what must happen, in milliseconds; long enough for a loaded machine. */
export const WAIT_MS = 20_000;

interface Waiting<T> {
  readonly wanted: (item: T) => boolean;
  readonly resolve: (item: T) => void;
  readonly reject: (error: Error) => void;
}

/** What a client received, in order, for a test to ask for one by one. */
export class Inbox<T> {
  readonly #what: string;
  /** Everything that came, asked for or not. */
  readonly all: T[] = [];
  #unread: T[] = [];
  readonly #waiting: Set<Waiting<T>> = new Set();
  #ended: Error | undefined;

  /** @param what named in the error when it does not come */
  constructor(what: string) {
    this.#what = what;
  }

  push(item: T): void {
    this.all.push(item);
    for (const waiting of this.#waiting) {
      if (!waiting.wanted(item)) continue;
      waiting.resolve(item);
      return;
    }
    this.#unread.push(item);
  }

  /** Nothing will come any more: whoever waits, or asks later, is told why. */
  end(reason: string): void {
    this.#ended ??= new Error(`${this.#what}: ${reason}`);
    for (const { reject } of this.#waiting) reject(this.#ended);
  }

  /** The first that was not read yet and is wanted. Rejects when none comes in time. */
  next(wanted: (item: T) => boolean = () => true): Promise<T> {
    const at = this.#unread.findIndex((item) => wanted(item));
    const found = this.#unread[at];
    if (found !== undefined) {
      this.#unread.splice(at, 1);
      return Promise.resolve(found);
    }
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      const waiting: Waiting<T> = {
        wanted,
        resolve: (item) => {
          done();
          resolve(item);
        },
        reject: (error) => {
          done();
          reject(error);
        },
      };
      const timer = setTimeout(() => {
        const came = this.all.length === 0 ? "nothing" : JSON.stringify(this.all).slice(0, 1_500);
        waiting.reject(new Error(`${this.#what}: waited ${WAIT_MS} ms; came: ${came}`));
      }, WAIT_MS);
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(waiting);
      };
      this.#waiting.add(waiting);
    });
  }
}

/** Rejects with the name when the promise does not settle in time: no test hangs on a silent broker. */
export async function within<T>(promise: Promise<T>, what: string, ms: number = WAIT_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`${what}: waited ${ms} ms`));
    }, ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
