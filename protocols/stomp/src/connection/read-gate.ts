import type { Transport } from "@dragoman/core";

/** Why nothing is read: a frame is still being worked on, the broker is short of something, or the peer does not read. */
export type HoldReason = "busy" | "pressure" | "output";

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

  has(reason: HoldReason): boolean {
    return this.#reasons.has(reason);
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
