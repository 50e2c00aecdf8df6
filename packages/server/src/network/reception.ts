import type { Socket } from "node:net";
import type { Protocol } from "@dragoman/core";
import type { Peer } from "./peer.ts";
import { recognise, recognisesHttp } from "./recognition.ts";

/** HTTP, as far as recognition needs it. */
export const HTTP: HttpCandidate = { name: "http", recognises: recognisesHttp };

export interface HttpCandidate extends Pick<Protocol, "recognises"> {
  readonly name: "http";
}

/** What a new peer can turn out to speak. */
export type Candidate = Protocol | HttpCandidate;

export interface ReceptionOptions {
  readonly candidates: readonly Candidate[];
  /** Answers a peer that none recognises; without it such a peer is cut off. */
  readonly fallback: Candidate | undefined;
  readonly timeoutMs: number;
  /** The peer is known. Nothing was read from the socket but `first`, and nothing listens to it. */
  readonly introduced: (candidate: Candidate, first: Buffer) => void;
  /** The peer left, or was cut off, before it was known. */
  readonly gone: () => void;
}

/** Holds a new socket until its first bytes tell which protocol it speaks. */
export class Reception implements Peer {
  readonly isAwaited = false;
  readonly #socket: Socket;
  readonly #options: ReceptionOptions;
  readonly #deadlineMs: number;
  #first: Buffer = Buffer.alloc(0);

  constructor(socket: Socket, options: ReceptionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#deadlineMs = Date.now() + options.timeoutMs;
    socket.on("data", this.#received);
    socket.on("end", this.#left);
    socket.on("close", this.#closed);
  }

  tick(nowMs: number): void {
    if (nowMs >= this.#deadlineMs) this.destroy();
  }

  shutdown(): void {
    this.destroy();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  readonly #received = (chunk: Buffer): void => {
    this.#first = this.#first.length === 0 ? chunk : Buffer.concat([this.#first, chunk]);
    const found = recognise(this.#first, this.#options.candidates);
    if (found === "unclear") return;
    const candidate = found === "unknown" ? this.#options.fallback : found;
    if (candidate === undefined) {
      this.destroy();
      return;
    }
    const socket = this.#socket;
    socket.off("data", this.#received);
    socket.off("end", this.#left);
    socket.off("close", this.#closed);
    this.#options.introduced(candidate, this.#first);
  };

  readonly #left = (): void => this.destroy();

  readonly #closed = (): void => this.#options.gone();
}
