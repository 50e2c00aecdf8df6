import { BrokerError } from "@dragoman/core";

/** Half of the threads that node has for such work. The storage commits on the same ones, and must not wait for logins. */
const MAX_RUNNING = 2;
/** What is behind so many would wait for longer than a client does. */
const MAX_WAITING = 200;

/** Expensive hashes, a few at a time: whoever floods the broker with wrong passwords holds up logins alone. */
export class Hashing {
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  /** @throws BrokerError "quota" when too many wait already */
  async run<T>(hash: () => Promise<T>): Promise<T> {
    if (this.#running < MAX_RUNNING) this.#running++;
    else await this.#turn();
    try {
      return await hash();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }

  #turn(): Promise<void> {
    if (this.#waiting.length >= MAX_WAITING) throw new BrokerError("quota", "too many logins at a time");
    return new Promise((resolve) => void this.#waiting.push(resolve));
  }
}
