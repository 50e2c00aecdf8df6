import type { Cancel } from "./clock.ts";
import type { Queue } from "./queue.ts";
import type { Will } from "./will.ts";

/** The connection that uses a session. */
export interface SessionHolder {
  /** Another connection continues or ends the session: this one must close and not touch it any more. */
  takenOver(): void;
}

/** What the broker keeps of a client between its connections. */
export class Session {
  readonly id: string;
  /** How long it is kept without a connection, in milliseconds: 0 ends with it, Infinity never ends. */
  expiryMs: number;
  /** Whose it is: nobody else may continue or end it. Undefined when its protocol does not say. */
  user: string | undefined;
  holder: SessionHolder | undefined;
  will: Will | undefined;
  /** Keeps messages while the client is away; undefined when nothing needs to be kept. */
  queue: Queue | undefined;
  /** What the protocol wants to have back after a restart. */
  record: Uint8Array | undefined;
  /** Identifiers of exactly-once publishes that were received and whose release has not come yet. */
  readonly received: Set<number> = new Set();
  /** Exactly-once deliveries that are not complete, in their order: the protocol's own bytes by identifier. */
  readonly sent: Map<number, Uint8Array> = new Map();
  /** Called when the session ends, for what the protocol holds on its behalf. */
  ended: (() => void) | undefined;
  willTimer: Cancel | undefined;
  expiryTimer: Cancel | undefined;

  constructor(id: string, expiryMs: number) {
    this.id = id;
    this.expiryMs = expiryMs;
  }

  /** It outlives its connection. */
  get isKept(): boolean {
    return this.expiryMs > 0;
  }
}
