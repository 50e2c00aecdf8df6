import type { Part } from "./batch.ts";

/** What carries a stream of bytes to one peer. None of the calls throws, whatever the peer does. */
export interface Wire {
  /** Text and other bytes travel differently. */
  readonly keepsText: boolean;
  /** Bytes written that the system has not taken yet. */
  readonly queuedBytes: number;
  /** Chunks go to `listener` from now on. */
  open(listener: WireListener): void;
  write(parts: readonly Part[]): void;
  pause(): void;
  resume(): void;
  /** Closes when everything written has left. */
  finish(): void;
  destroy(): void;
}

export interface WireListener {
  /** @param chunk not empty; it does not change any more */
  received(chunk: Uint8Array): void;
  /** The system has taken what was written. */
  drained(): void;
  /** The peer sends no more. */
  ended(): void;
  /** Called once; no call follows. */
  closed(): void;
}
