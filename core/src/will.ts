import type { Message } from "./message.ts";

/** What a client wants published when it goes without saying goodbye. */
export interface Will {
  readonly message: Message;
  /** Published this many milliseconds after the connection ended, or when the session ends if that is sooner. */
  readonly delayMs: number;
  /** Asked when it is published: a right that the client had at connect may be gone by then. */
  mayPublish(): boolean;
}
