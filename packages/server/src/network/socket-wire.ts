import type { Socket } from "node:net";
import type { Part } from "./batch.ts";
import type { Wire, WireListener } from "./wire.ts";

/** A stream over TCP or TLS. */
export class SocketWire implements Wire {
  readonly keepsText = false;
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  get queuedBytes(): number {
    return this.#socket.writableLength;
  }

  open(listener: WireListener): void {
    const socket = this.#socket;
    socket.on("data", (chunk: Buffer) => listener.received(chunk));
    socket.on("drain", () => listener.drained());
    socket.on("end", () => listener.ended());
    socket.on("close", () => listener.closed());
  }

  write(parts: readonly Part[]): void {
    const socket = this.#socket;
    if (!socket.writable) return;
    if (parts.length > 1) socket.cork();
    for (const { bytes } of parts) socket.write(bytes);
    if (parts.length > 1) socket.uncork();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  finish(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
