import { type Clock, type Transport, Window } from "@dragoman/core";

/** Above this, queues keep their messages until the transport has caught up. */
const highWaterBytes = 256 * 1024;

/** What leaves by the transport. */
export class Outbox {
  /** Closed while the transport is full; every consumer of the connection takes part in it. */
  readonly window: Window = new Window();
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #maxBytes: number;
  #isFull = false;
  lastSentMs: number;

  /** @param maxBytes what may wait for the peer before live subscriptions drop messages */
  constructor(transport: Transport, clock: Clock, maxBytes: number) {
    this.#transport = transport;
    this.#clock = clock;
    this.#maxBytes = maxBytes;
    this.lastSentMs = clock.now();
  }

  /** The peer does not keep up: what has no queue to wait in is dropped. */
  get isOverfull(): boolean {
    return this.#transport.bufferedBytes > this.#maxBytes;
  }

  /** @param isText the bytes are UTF-8 */
  send(bytes: Uint8Array, isText: boolean): void {
    this.#transport.send(bytes, isText);
    this.lastSentMs = this.#clock.now();
    if (!this.#isFull && this.#transport.bufferedBytes > highWaterBytes) {
      this.#isFull = true;
      this.window.pause();
    }
  }

  /** The transport may have caught up. */
  drained(): void {
    if (!this.#isFull || this.#transport.bufferedBytes > highWaterBytes) return;
    this.#isFull = false;
    this.window.resume();
  }
}
