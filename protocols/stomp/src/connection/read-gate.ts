import type { Transport } from "@dragoman/core";

/** Why nothing is read: a frame is still being worked on, or the broker is short of something. */
export type HoldReason = "busy" | "pressure";

/** Stops the transport as long as there is any reason to. */
export class ReadGate {
  readonly #transport: Transport;
  readonly #reasons = new Set<HoldReason>();

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  get isHeld(): boolean {
    return this.#reasons.size > 0;
  }

  hold(reason: HoldReason): void {
    if (!this.isHeld) this.#transport.pause();
    this.#reasons.add(reason);
  }

  free(reason: HoldReason): void {
    if (this.#reasons.delete(reason) && !this.isHeld) this.#transport.resume();
  }

  /** Whatever the reason was: the transport must read on to see the peer close. */
  open(): void {
    if (this.isHeld) this.#transport.resume();
    this.#reasons.clear();
  }
}
