import type { Transport } from "@dragoman/core";

/**
 * Why no more is read from a peer: a command waits for its answer, the broker is short of memory or disk, too
 * many publishes wait for the storage, or the peer does not take what we send.
 */
export type ReadPause = "command" | "pressure" | "storage" | "output";

/** A bit for each reason: a set for each connection would weigh more than the rest of its gate. */
const BITS: Readonly<Record<ReadPause, number>> = { command: 1, pressure: 2, storage: 4, output: 8 };

/** Reads from the transport as long as nothing speaks against it. */
export class ReadGate {
  readonly #transport: Transport;
  #pauses = 0;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  get isOpen(): boolean {
    return this.#pauses === 0;
  }

  has(pause: ReadPause): boolean {
    return (this.#pauses & BITS[pause]) !== 0;
  }

  close(pause: ReadPause): void {
    if (this.#pauses === 0) this.#transport.pause();
    this.#pauses |= BITS[pause];
  }

  open(pause: ReadPause): void {
    if (!this.has(pause)) return;
    this.#pauses &= ~BITS[pause];
    if (this.#pauses === 0) this.#transport.resume();
  }
}
