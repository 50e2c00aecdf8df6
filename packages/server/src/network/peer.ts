/** A connection of any kind and state, as far as the broker as a whole cares. */
export interface Peer {
  /** It has something to lose when the broker stops, so it is given time to leave. */
  readonly isAwaited: boolean;
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
  #awaited = 0;
  #whenLeft: (() => void) | undefined;

  constructor() {
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  add(peer: Peer): void {
    this.#peers.add(peer);
    if (peer.isAwaited) this.#awaited++;
  }

  remove(peer: Peer): void {
    if (!this.#peers.delete(peer) || !peer.isAwaited) return;
    this.#awaited--;
    if (this.#awaited === 0) this.#whenLeft?.();
  }

  /** Asks all to leave, and resolves when they have; those that have not after `timeoutMs` are cut off. */
  async shutdown(timeoutMs: number): Promise<void> {
    for (const peer of this.#peers) peer.shutdown();
    if (this.#awaited > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        this.#whenLeft = () => {
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
