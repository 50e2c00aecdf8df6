import type { Cancel } from "./clock.ts";
import type { Queue } from "./queue.ts";
import type { Will } from "./will.ts";

/** The connection that uses a session. */
export interface SessionHolder {
  /** Another connection continues or ends the session: this one must close and not touch it any more. */
  takenOver(): void;
}

const NONE_RECEIVED: ReadonlySet<number> = new Set();
const NONE_SENT: ReadonlyMap<number, Uint8Array> = new Map();

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
  /** Called when the session ends, for what the protocol holds on its behalf. */
  ended: (() => void) | undefined;
  willTimer: Cancel | undefined;
  expiryTimer: Cancel | undefined;
  /** From the first flow on: empty ones would double the weight of a session. */
  #received: Set<number> | undefined;
  #sent: Map<number, Uint8Array> | undefined;

  constructor(id: string, expiryMs: number) {
    this.id = id;
    this.expiryMs = expiryMs;
  }

  /** It outlives its connection. */
  get isKept(): boolean {
    return this.expiryMs > 0;
  }

  /** Identifiers of exactly-once publishes that were received and whose release has not come yet. */
  get received(): ReadonlySet<number> {
    return this.#received ?? NONE_RECEIVED;
  }

  addReceived(identifier: number): void {
    (this.#received ??= new Set()).add(identifier);
  }

  /** False when it was not there. */
  deleteReceived(identifier: number): boolean {
    return this.#received?.delete(identifier) === true;
  }

  /** What a restart must know of deliveries, in their order: the protocol's own bytes by identifier. */
  get sent(): ReadonlyMap<number, Uint8Array> {
    return this.#sent ?? NONE_SENT;
  }

  setSent(identifier: number, record: Uint8Array): void {
    (this.#sent ??= new Map<number, Uint8Array>()).set(identifier, record);
  }

  /** False when it was not there. */
  deleteSent(identifier: number): boolean {
    return this.#sent?.delete(identifier) === true;
  }
}
