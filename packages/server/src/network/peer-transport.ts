import type { Broker, Connection, Protocol, Transport } from "@dragoman/core";
import type { Log } from "../log.ts";
import { Batch } from "./batch.ts";
import type { Flushable, Flusher } from "./flusher.ts";
import type { Peer, Peers } from "./peer.ts";
import type { PeerAddress } from "./peer-address.ts";
import type { Wire, WireListener } from "./wire.ts";

/** A peer that was told of the end and does not close is cut off after this many milliseconds. */
const END_GRACE_MS = 5000;
/** From this many bytes on, a protocol is told when they have left. */
const HIGH_BYTES = 64 * 1024;

/** What all connections of a broker share. */
export interface Household {
  readonly broker: Broker;
  readonly peers: Peers;
  readonly flusher: Flusher;
  readonly log: Log;
}

type State =
  | { readonly name: "open" }
  /** `untilMs` is set at the first tick. */
  | { readonly name: "ending"; untilMs: number | undefined }
  | { readonly name: "gone" };

const OPEN: State = { name: "open" };
const GONE: State = { name: "gone" };

/** Joins one wire to one connection of a protocol. */
export class PeerTransport implements Transport, WireListener, Flushable, Peer {
  readonly peer: string;
  readonly isLoopback: boolean;
  readonly certifiedName: string | undefined;
  readonly isAwaited = true;
  readonly #wire: Wire;
  readonly #batch: Batch;
  readonly #household: Household;
  readonly #connection: Connection;
  #state: State = OPEN;
  #isDirty = false;
  #wasHigh = false;

  constructor(wire: Wire, address: PeerAddress, protocol: Protocol, household: Household) {
    this.peer = address.peer;
    this.isLoopback = address.isLoopback;
    this.certifiedName = address.certifiedName;
    this.#wire = wire;
    this.#batch = new Batch(wire.keepsText);
    this.#household = household;
    this.#connection = protocol.accept(this, household.broker);
    household.peers.add(this);
    wire.open(this);
  }

  get bufferedBytes(): number {
    return this.#batch.byteCount + this.#wire.queuedBytes;
  }

  get keepsText(): boolean {
    return this.#wire.keepsText;
  }

  send(bytes: Uint8Array, isText = false): void {
    if (this.#state.name !== "open") return;
    this.#batch.add(bytes, isText);
    this.#markDirty();
  }

  pause(): void {
    if (this.#state.name === "open") this.#wire.pause();
  }

  resume(): void {
    if (this.#state.name === "open") this.#wire.resume();
  }

  end(): void {
    if (this.#state.name !== "open") return;
    this.#state = { name: "ending", untilMs: undefined };
    this.#markDirty();
    // Reads on, to throw away what comes: closing with unread bytes would take back our last words.
    this.#wire.resume();
  }

  destroy(): void {
    this.#state = GONE;
    this.#batch.take();
    this.#wire.destroy();
  }

  failed(error: unknown): void {
    this.#household.log.error({ err: error, peer: this.peer }, "connection failed by a fault of the broker");
    this.destroy();
  }

  flush(): void {
    this.#isDirty = false;
    if (this.#state.name === "gone") return;
    if (this.bufferedBytes >= HIGH_BYTES) this.#wasHigh = true;
    this.#wire.write(this.#batch.take());
    if (this.#state.name === "ending") this.#wire.finish();
    // A system that takes everything at once has nothing to tell later.
    else this.drained();
  }

  received(chunk: Uint8Array): void {
    if (this.#state.name !== "open") return;
    try {
      this.#connection.receive(chunk);
    } catch (error) {
      this.failed(error);
    }
  }

  drained(): void {
    if (!this.#wasHigh || this.bufferedBytes >= HIGH_BYTES || this.#state.name === "gone") return;
    this.#wasHigh = false;
    this.#guard(() => this.#connection.drained());
  }

  ended(): void {
    // No protocol of ours can go on with a peer that cannot speak; it may still hear what it asked for.
    this.end();
  }

  closed(): void {
    this.#state = GONE;
    this.#household.peers.remove(this);
    this.#guard(() => this.#connection.closed());
  }

  tick(nowMs: number): void {
    switch (this.#state.name) {
      case "open":
        try {
          this.#connection.tick(nowMs);
        } catch (error) {
          this.failed(error);
        }
        return;
      case "ending":
        this.#state.untilMs ??= nowMs + END_GRACE_MS;
        if (nowMs >= this.#state.untilMs) this.destroy();
        return;
      case "gone":
    }
  }

  shutdown(): void {
    if (this.#state.name === "open") this.#guard(() => this.#connection.shutdown("shutdown"));
  }

  #markDirty(): void {
    if (this.#isDirty) return;
    this.#isDirty = true;
    this.#household.flusher.add(this);
  }

  #guard(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.failed(error);
    }
  }
}
