import { readFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import type { Spoken, TlsSpec } from "../configuration/configuration.ts";
import { StartError } from "../start-error.ts";
import type { Gate, Repertoire } from "./gate.ts";

/** Connections that the system holds until we take them. */
const BACKLOG = 4096;

export interface ListenerPlan extends Repertoire {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** The first one is what its port is known for. */
  readonly speaks: readonly Spoken[];
  readonly tls: TlsSpec | undefined;
  /** What a person would change to have another port: `--mqtt-port`. */
  readonly setting: string;
}

/** Where a listener can be reached. */
export interface ListenerAddress {
  readonly host: string;
  readonly port: number;
  readonly protocols: readonly Spoken[];
  readonly tls: boolean;
}

/** An open port. */
export class Listener {
  readonly address: ListenerAddress;
  readonly #server: Server;

  private constructor(server: Server, address: ListenerAddress) {
    this.#server = server;
    this.address = address;
  }

  /** @throws StartError when the port or a file of TLS cannot be used */
  static async open(plan: ListenerPlan, gate: Gate): Promise<Listener> {
    const server = createListener(plan, gate);
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error: NodeJS.ErrnoException) => reject(refusal(plan, error)));
      server.listen({ host: plan.host, port: plan.port, backlog: BACKLOG }, resolve);
    });
    server.on("error", (error) => gate.missed(error));
    const bound = server.address();
    const port = typeof bound === "object" && bound !== null ? bound.port : plan.port;
    const { host, speaks, tls } = plan;
    return new Listener(server, { host, port, protocols: speaks, tls: tls !== undefined });
  }

  /** Resolves when the port is free; its connections must have been closed before. */
  close(): Promise<void> {
    return new Promise((resolve) => void this.#server.close(() => resolve()));
  }
}

function createListener(plan: ListenerPlan, gate: Gate): Server {
  const admit = (socket: Socket): void => gate.admit(socket, plan);
  const options = { noDelay: true, allowHalfOpen: true };
  if (plan.tls === undefined) {
    return createServer(options, (socket) => {
      if (gate.enter(socket)) admit(socket);
    });
  }
  const server = createTlsServer({ ...options, ...readTls(plan.tls) }, (socket) => {
    socket.on("error", () => socket.destroy());
    admit(socket);
  });
  server.on("connection", (socket: Socket) => void gate.enter(socket));
  // A handshake that fails ends that connection only.
  server.on("tlsClientError", (_error, socket) => socket.destroy());
  return server;
}

function readTls({ certFile, keyFile, clientCaFile }: TlsSpec): TlsOptions {
  const cert = readPem(certFile);
  const key = readPem(keyFile);
  if (clientCaFile === undefined) return { cert, key };
  return { cert, key, ca: readPem(clientCaFile), requestCert: true, rejectUnauthorized: true };
}

function readPem(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new StartError(`cannot read ${file}, which a listener needs for TLS`, { cause: error });
  }
}

function refusal(plan: ListenerPlan, error: NodeJS.ErrnoException): StartError {
  return new StartError(whyNot(plan, error), { cause: error });
}

function whyNot({ host, port, setting }: ListenerPlan, { code, message }: NodeJS.ErrnoException): string {
  if (code === "EADDRINUSE") {
    return `port ${port} on ${host} is taken: stop the program that listens there, or choose another with ${setting}`;
  }
  if (code === "EACCES") {
    return `port ${port} on ${host} is reserved for the system: choose another with ${setting}`;
  }
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND") {
    return `${host} is not an address of this machine: choose another with --host`;
  }
  return `cannot listen on port ${port} of ${host}: ${message}`;
}
