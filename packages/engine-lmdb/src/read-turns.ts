/** Entries read from disk in one turn of the event loop, at most and about. */
const ENTRIES_PER_TURN = 2_048;

/**
 * Lets reads wait for a turn of the event loop, one after the other: a queue that reads through millions of
 * entries leaves time for all the others.
 */
export class ReadTurns {
  readonly #isReadable: () => boolean;
  /** Each returns how many entries it read; undefined when it has to be made again. */
  #waiting: (() => number | undefined)[] = [];
  #isScheduled = false;
  #isPaused = false;

  /** @param isReadable asked when a read has failed: false when it was for the storage, and waits for `resume` */
  constructor(isReadable: () => boolean) {
    this.#isReadable = isReadable;
  }

  /** @param read returns what was read; `count` says how many entries that was */
  next<T>(read: () => T, count: (result: T) => number): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => {
        try {
          const result = read();
          resolve(result);
          return count(result);
        } catch (error) {
          if (!this.#isReadable()) return undefined;
          reject(error instanceof Error ? error : new Error(String(error)));
          return 0;
        }
      });
      this.#schedule();
    });
  }

  /** No read begins until `resume`. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isPaused || this.#waiting.length === 0) return;
    this.#isScheduled = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#isScheduled = false;
    if (this.#isPaused) return;
    let left = ENTRIES_PER_TURN;
    let done = 0;
    for (const read of this.#waiting) {
      if (left <= 0) break;
      const count = read();
      if (count === undefined) {
        this.#isPaused = true;
        break;
      }
      left -= 1 + count;
      done++;
    }
    this.#waiting.splice(0, done);
    this.#schedule();
  }
}
