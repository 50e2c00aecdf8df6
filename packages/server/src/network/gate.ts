import type { Socket } from "node:net";
import { peerAddress } from "./peer-address.ts";
import { type Household, PeerTransport } from "./peer-transport.ts";
import { type Candidate, HTTP, type HttpCandidate, Reception } from "./reception.ts";
import { SocketWire } from "./socket-wire.ts";
import type { WebServer } from "./web-server.ts";

export interface GateLimits {
  readonly maxConnections: number;
  readonly introductionTimeoutMs: number;
}

/** Where every socket of every listener comes in: it is counted, recognised and given to its protocol. */
export class Gate {
  readonly #household: Household;
  readonly #limits: GateLimits;
  readonly #web: WebServer;
  readonly #sockets = new Set<Socket>();
  #isFull = false;
  #isDraining = false;

  constructor(household: Household, limits: GateLimits, web: WebServer) {
    this.#household = household;
    this.#limits = limits;
    this.#web = web;
  }

  /** Counts a socket that has just been accepted; false when it was one too many and is closed. */
  enter(socket: Socket): boolean {
    // What failed is followed by "close".
    socket.on("error", () => socket.destroy());
    if (this.#sockets.size >= this.#limits.maxConnections) {
      if (!this.#isFull)
        this.#household.log.warn({ ...this.#limits }, "too many connections: new ones are refused");
      this.#isFull = true;
      socket.destroy();
      return false;
    }
    this.#sockets.add(socket);
    socket.once("close", () => {
      this.#sockets.delete(socket);
      this.#isFull = false;
    });
    return true;
  }

  /** Finds out what the peer speaks and lets it. */
  admit(socket: Socket, candidates: readonly Candidate[], fallback: Candidate | undefined): void {
    const { peers, log } = this.#household;
    const timeoutMs = this.#limits.introductionTimeoutMs;
    const reception = new Reception(socket, {
      candidates,
      fallback,
      timeoutMs,
      introduced: (candidate, first) => {
        this.#handOver(socket, candidate, first);
        peers.remove(reception);
      },
      gone: () => {
        log.debug({ peer: socket.remoteAddress }, "a peer left without saying what it speaks");
        peers.remove(reception);
      },
    });
    peers.add(reception);
  }

  /** From now on only HTTP is served, so that health can still be asked for. */
  drain(): void {
    this.#isDraining = true;
  }

  /** Cuts off whoever is left. */
  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #handOver(socket: Socket, candidate: Candidate, first: Buffer): void {
    if (isHttp(candidate)) {
      this.#web.serve(socket, first);
    } else if (this.#isDraining) {
      socket.destroy();
    } else {
      const address = peerAddress(socket);
      const transport = new PeerTransport(new SocketWire(socket), address, candidate, this.#household);
      transport.received(first);
    }
  }
}

function isHttp(candidate: Candidate): candidate is HttpCandidate {
  return candidate === HTTP;
}
