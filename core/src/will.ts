import type { Message } from "./message.ts";

/** What a client wants published when it goes without saying goodbye. */
export interface Will {
  readonly message: Message;
  /** Published this many milliseconds after the connection ended, or when the session ends if that is sooner. */
  readonly delayMs: number;
}
