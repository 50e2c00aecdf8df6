import type { WebSocket } from "ws";
import type { Part } from "./batch.ts";
import type { Wire, WireListener } from "./wire.ts";

const NORMAL_CLOSURE = 1000;

/**
 * A stream over WebSocket. Messages of either kind are parts of it, cut anywhere; what goes out is text
 * only when it may be and the client began with text.
 */
export class WebSocketWire implements Wire {
  readonly keepsText = true;
  readonly #socket: WebSocket;
  #clientUsesText = false;
  #isPaused = false;
  /** Messages of a chunk that was already read when the wire was paused. */
  #held: Buffer[] = [];
  #listener: WireListener | undefined;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.binaryType = "nodebuffer";
  }

  get queuedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  open(listener: WireListener): void {
    this.#listener = listener;
    this.#socket.once("message", (_data, isBinary) => {
      this.#clientUsesText = !isBinary;
    });
    this.#socket.on("message", (data) => {
      if (!Buffer.isBuffer(data) || data.length === 0) return;
      if (this.#isPaused) this.#held.push(data);
      else listener.received(data);
    });
    this.#socket.on("close", () => listener.closed());
    // What failed is followed by "close".
    this.#socket.on("error", () => this.#socket.terminate());
  }

  write(parts: readonly Part[]): void {
    for (const { bytes, isText } of parts) {
      this.#socket.send(bytes, { binary: !(isText && this.#clientUsesText) }, this.#sent);
    }
  }

  pause(): void {
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#isPaused = false;
    while (!this.#isPaused) {
      const data = this.#held.shift();
      if (data === undefined) break;
      this.#listener?.received(data);
    }
    if (!this.#isPaused) this.#socket.resume();
  }

  finish(): void {
    this.#socket.close(NORMAL_CLOSURE);
  }

  destroy(): void {
    this.#socket.terminate();
  }

  readonly #sent = (): void => {
    if (this.#socket.bufferedAmount === 0) this.#listener?.drained();
  };
}
