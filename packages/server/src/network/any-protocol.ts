import type { Broker, Connection, Protocol, Transport } from "@dragoman/core";
import { recognise } from "./recognition.ts";

/**
 * Speaks whichever of the protocols the peer's first bytes tell: for a WebSocket that named no subprotocol,
 * at a path that is none's own.
 *
 * @param timeoutMs a peer that does not begin for so long is cut off
 */
export function anyProtocol(protocols: readonly Protocol[], timeoutMs: number): Protocol {
  return {
    name: "any",
    subprotocols: [],
    recognises: () => "yes",
    accept: (transport, broker) => new UndecidedConnection(protocols, timeoutMs, transport, broker),
  };
}

class UndecidedConnection implements Connection {
  readonly #protocols: readonly Protocol[];
  readonly #transport: Transport;
  readonly #broker: Broker;
  readonly #deadlineMs: number;
  #first: Buffer = Buffer.alloc(0);
  #decided: Connection | undefined;

  constructor(protocols: readonly Protocol[], timeoutMs: number, transport: Transport, broker: Broker) {
    this.#protocols = protocols;
    this.#transport = transport;
    this.#broker = broker;
    this.#deadlineMs = broker.clock.now() + timeoutMs;
  }

  receive(chunk: Uint8Array): void {
    if (this.#decided !== undefined) {
      this.#decided.receive(chunk);
      return;
    }
    this.#first = Buffer.concat([this.#first, chunk]);
    const found = recognise(this.#first, this.#protocols);
    if (found === "unclear") return;
    if (found === "unknown") {
      this.#transport.destroy();
      return;
    }
    this.#decided = found.accept(this.#transport, this.#broker);
    this.#decided.receive(this.#first);
    this.#first = Buffer.alloc(0);
  }

  tick(nowMs: number): void {
    if (this.#decided !== undefined) this.#decided.tick(nowMs);
    else if (nowMs >= this.#deadlineMs) this.#transport.destroy();
  }

  drained(): void {
    this.#decided?.drained();
  }

  closed(): void {
    this.#decided?.closed();
  }

  shutdown(reason: "shutdown" | "administrative"): void {
    if (this.#decided === undefined) this.#transport.destroy();
    else this.#decided.shutdown(reason);
  }
}
