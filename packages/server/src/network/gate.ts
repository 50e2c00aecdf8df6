import type { Socket } from "node:net";
import type { Protocol } from "@dragoman/core";
import { peerAddress } from "./peer-address.ts";
import { type Household, PeerTransport } from "./peer-transport.ts";
import { type Candidate, HTTP, type HttpCandidate, Reception } from "./reception.ts";
import { SocketWire } from "./socket-wire.ts";
import type { WebServer } from "./web-server.ts";

export interface GateLimits {
  readonly maxConnections: number;
  readonly introductionTimeoutMs: number;
}

/** What a listener's peers may speak. */
export interface Repertoire {
  readonly candidates: readonly Candidate[];
  /** Answers a peer that none of the candidates recognises; without it such a peer is cut off. */
  readonly fallback: Candidate | undefined;
  /** For those who come by HTTP. */
  readonly overWebSocket: readonly Protocol[];
}

/** Where every socket of every listener comes in: it is counted, recognised and given to its protocol. */
export class Gate {
  readonly #household: Household;
  readonly #limits: GateLimits;
  readonly #web: WebServer;
  readonly #sockets = new Set<Socket>();
  /** One function for all sockets. */
  readonly #left: (this: Socket) => void;
  #isFull = false;
  #isDraining = false;

  constructor(household: Household, limits: GateLimits, web: WebServer) {
    this.#household = household;
    this.#limits = limits;
    this.#web = web;
    const leave = (socket: Socket): void => this.#leave(socket);
    this.#left = function (): void {
      leave(this);
    };
  }

  /** Counts a socket that has just been accepted; false when it was one too many and is closed. */
  enter(socket: Socket): boolean {
    // What failed is followed by "close".
    socket.on("error", destroyThis);
    const { maxConnections } = this.#limits;
    if (this.#sockets.size >= maxConnections) {
      if (!this.#isFull)
        this.#household.log.warn({ maxConnections }, "too many connections: new ones are refused");
      this.#isFull = true;
      socket.destroy();
      return false;
    }
    this.#sockets.add(socket);
    socket.on("close", this.#left);
    return true;
  }

  /** A connection could not be accepted: the system has no descriptor left, or does not allow it. */
  missed(error: Error): void {
    this.#household.log.debug({ err: error }, "a connection could not be accepted");
  }

  /** Finds out what the peer speaks and lets it. */
  admit(socket: Socket, repertoire: Repertoire): void {
    const { peers, log } = this.#household;
    const { candidates, fallback, overWebSocket } = repertoire;
    const timeoutMs = this.#limits.introductionTimeoutMs;
    const reception = new Reception(socket, {
      candidates,
      fallback,
      timeoutMs,
      introduced: (candidate, first) => {
        if (isHttp(candidate)) this.#web.serve(socket, first, overWebSocket);
        else this.#converse(socket, candidate, first);
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

  #leave(socket: Socket): void {
    this.#sockets.delete(socket);
    // Said again only after a relief that deserves the name.
    if (this.#sockets.size < this.#limits.maxConnections * 0.9) this.#isFull = false;
  }

  #converse(socket: Socket, protocol: Protocol, first: Buffer): void {
    if (this.#isDraining) {
      socket.destroy();
      return;
    }
    const wire = new SocketWire(socket);
    const transport = new PeerTransport(wire, peerAddress(socket), protocol, this.#household);
    transport.received(first);
  }
}

function destroyThis(this: Socket): void {
  this.destroy();
}

function isHttp(candidate: Candidate): candidate is HttpCandidate {
  return candidate === HTTP;
}
