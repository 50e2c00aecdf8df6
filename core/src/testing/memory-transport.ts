import type { Transport } from "../transport.ts";

/** A transport without a network: what the connection sends is kept for the test to read. */
export class MemoryTransport implements Transport {
  readonly peer: string = "test:1";
  readonly isLoopback: boolean = true;
  /** A test may set it, to be a peer with a certificate. */
  certifiedName: string | undefined;
  readonly keepsText: boolean = true;
  /** A test may set it, to be a peer that does not read. */
  bufferedBytes = 0;
  isPaused = false;
  state: "open" | "ended" | "destroyed" = "open";
  #sent: Uint8Array[] = [];

  send(bytes: Uint8Array): void {
    if (this.state === "open") this.#sent.push(Uint8Array.from(bytes));
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  end(): void {
    if (this.state === "open") this.state = "ended";
  }

  destroy(): void {
    this.state = "destroyed";
  }

  /** No test shall pass beside a fault; one that wants it puts a function of its own here. */
  failed(error: unknown): void {
    this.destroy();
    throw error;
  }

  /** Everything sent since the last call. */
  take(): Buffer {
    const sent = Buffer.concat(this.#sent);
    this.#sent = [];
    return sent;
  }
}
