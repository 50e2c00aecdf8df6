/** A connection of any kind and state, as far as the broker as a whole cares. */
export interface Peer {
  /** Called about once a second. */
  tick(nowMs: number): void;
  /** The broker stops: say goodbye and leave. */
  shutdown(): void;
  destroy(): void;
}

const TICK_MS = 1000;

/** Everybody who is connected, and the one timer that they share. */
export class Peers {
  readonly #peers = new Set<Peer>();
  readonly #timer: NodeJS.Timeout;
  #whenEmpty: (() => void) | undefined;

  constructor() {
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  get size(): number {
    return this.#peers.size;
  }

  add(peer: Peer): void {
    this.#peers.add(peer);
  }

  remove(peer: Peer): void {
    this.#peers.delete(peer);
    if (this.#peers.size === 0) this.#whenEmpty?.();
  }

  /** Asks all to leave, and resolves when they have; those that have not after `timeoutMs` are cut off. */
  async shutdown(timeoutMs: number): Promise<void> {
    for (const peer of this.#peers) peer.shutdown();
    if (this.#peers.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        this.#whenEmpty = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    for (const peer of this.#peers) peer.destroy();
    clearInterval(this.#timer);
  }

  #tick(): void {
    const nowMs = Date.now();
    for (const peer of this.#peers) peer.tick(nowMs);
  }
}
