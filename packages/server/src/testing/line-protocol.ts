import type { Connection, Protocol, Transport } from "@dragoman/core";

/** What a connection of the line protocol was told, in order. */
export interface LineEvents {
  readonly events: string[];
  /** The transport of the last connection. */
  transport: Transport | undefined;
}

/**
 * A protocol for tests: a stream that begins with `<name>!` speaks it, and every complete line comes back.
 * `end` ends the connection, `pause` stops reading.
 */
export function lineProtocol(name: string): Protocol & LineEvents {
  const opening = `${name}!`;
  const events: string[] = [];
  return {
    name,
    subprotocols: [name, `${name}.2`],
    events,
    transport: undefined,
    recognises(firstBytes) {
      const seen = Buffer.from(firstBytes).toString("latin1");
      if (seen.startsWith(opening)) return "yes";
      return opening.startsWith(seen) ? "unclear" : "no";
    },
    accept(transport) {
      this.transport = transport;
      return new LineConnection(transport, events);
    },
  };
}

class LineConnection implements Connection {
  readonly #transport: Transport;
  readonly #events: string[];
  #rest = "";

  constructor(transport: Transport, events: string[]) {
    this.#transport = transport;
    this.#events = events;
  }

  receive(chunk: Uint8Array): void {
    this.#rest += Buffer.from(chunk).toString("latin1");
    for (let end = this.#rest.indexOf("\n"); end >= 0; end = this.#rest.indexOf("\n")) {
      const line = this.#rest.slice(0, end);
      this.#rest = this.#rest.slice(end + 1);
      this.#events.push(line);
      if (line === "fail") throw new Error("a fault of the protocol");
      this.#transport.send(Buffer.from(`${line}\n`), true);
      if (line === "end") this.#transport.end();
      if (line === "pause") this.#transport.pause();
    }
  }

  tick(): void {
    this.#events.push("(tick)");
  }

  drained(): void {
    this.#events.push("(drained)");
  }

  closed(): void {
    this.#events.push("(closed)");
  }

  shutdown(reason: string): void {
    this.#transport.send(Buffer.from(`bye: ${reason}\n`), true);
    this.#transport.end();
  }
}
