import type { Transport } from "@dragoman/core";

/**
 * Why no more is read from a peer: a command waits for its answer, the broker is short of memory or disk, too
 * many publishes wait for the storage, or the peer does not take what we send.
 */
export type ReadPause = "command" | "pressure" | "storage" | "output";

/** Reads from the transport as long as nothing speaks against it. */
export class ReadGate {
  readonly #transport: Transport;
  readonly #pauses = new Set<ReadPause>();

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  get isOpen(): boolean {
    return this.#pauses.size === 0;
  }

  has(pause: ReadPause): boolean {
    return this.#pauses.has(pause);
  }

  close(pause: ReadPause): void {
    if (this.#pauses.size === 0) this.#transport.pause();
    this.#pauses.add(pause);
  }

  open(pause: ReadPause): void {
    if (this.#pauses.delete(pause) && this.#pauses.size === 0) this.#transport.resume();
  }
}
