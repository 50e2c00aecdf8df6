import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from "node:http";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Protocol } from "@dragoman/core";
import { WebSocketServer } from "ws";
import { type Health, healthReport } from "../health.ts";
import type { Peer } from "./peer.ts";
import { peerAddress } from "./peer-address.ts";
import { type Household, PeerTransport } from "./peer-transport.ts";
import { answerUpgrade, spell } from "./upgrade.ts";
import { WebSocketWire } from "./web-socket-wire.ts";

/** A frame of WebSocket may hold a message and what surrounds it. */
const FRAME_ROOM_BYTES = 1024 * 1024;

export interface WebServerOptions {
  /** Empty for any. */
  readonly allowedOrigins: readonly string[];
  readonly maxMessageBytes: number;
  /** A client that sends no complete request for so long is cut off. */
  readonly requestTimeoutMs: number;
  readonly health: () => Health;
}

/** HTTP for sockets that others accept: health, and WebSocket for every protocol. */
export class WebServer {
  readonly #household: Household;
  readonly #options: WebServerOptions;
  readonly #http: Server;
  readonly #webSockets: WebSocketServer;
  readonly #visits = new WeakMap<Duplex, Visit>();

  constructor(household: Household, options: WebServerOptions) {
    this.#household = household;
    this.#options = options;
    this.#webSockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: options.maxMessageBytes + FRAME_ROOM_BYTES,
      handleProtocols: (offered, request) => this.#answer(request, [...offered]).subprotocol ?? false,
    });
    this.#http = createServer((request, response) => this.#respond(request, response));
    this.#http.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      this.#upgrade(request, socket, head),
    );
    this.#http.on("clientError", (_error, socket) =>
      refuse(socket, 400, "not a request that this server knows"),
    );
  }

  /**
   * Takes over a socket from which only `first` was read.
   *
   * @param protocols what it may speak over WebSocket
   */
  serve(socket: Socket, first: Buffer, protocols: readonly Protocol[]): void {
    const visit = new Visit(socket, protocols, this.#options.requestTimeoutMs);
    this.#visits.set(socket, visit);
    this.#household.peers.add(visit);
    socket.once("close", () => this.#household.peers.remove(visit));
    socket.unshift(first);
    this.#http.emit("connection", socket);
  }

  #respond(request: IncomingMessage, response: ServerResponse): void {
    const visit = this.#visits.get(request.socket);
    visit?.renew();
    const protocols = visit?.protocols ?? [];
    const path = pathOf(request);
    if (path === "/health") {
      if (request.method === "GET" || request.method === "HEAD") {
        const { status, body } = healthReport(this.#options.health());
        respond(response, status, "application/json", body);
      } else {
        response.setHeader("allow", "GET, HEAD");
        respond(response, 405, "text/plain", "want GET\n");
      }
      return;
    }
    if (protocols.some(({ name }) => path === `/${name}`)) {
      response.setHeader("upgrade", "websocket");
      respond(response, 426, "text/plain", "want WebSocket\n");
    } else {
      respond(
        response,
        404,
        "text/plain",
        `nothing here: want /health, or WebSocket at ${spell(protocols)}\n`,
      );
    }
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const offered = request.headers["sec-websocket-protocol"]?.split(",").map((name) => name.trim()) ?? [];
    const answer = this.#answer(request, offered);
    if (this.#options.health() === "draining") {
      refuse(socket, 503, "the broker is stopping");
    } else if (answer.kind === "refused") {
      refuse(socket, answer.status, answer.reason);
    } else if (socket instanceof Socket) {
      const { protocol } = answer;
      this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
        this.#endVisit(socket);
        // Joins the household by itself.
        const wire = new WebSocketWire(webSocket, protocol.isBinaryOnly);
        void new PeerTransport(wire, peerAddress(socket), protocol, this.#household);
      });
    }
  }

  #answer(
    request: IncomingMessage,
    subprotocols: readonly string[],
  ): ReturnType<typeof answerUpgrade> & { readonly subprotocol?: string | undefined } {
    const { allowedOrigins, requestTimeoutMs: timeoutMs } = this.#options;
    const protocols = this.#visits.get(request.socket)?.protocols ?? [];
    const { origin } = request.headers;
    return answerUpgrade(
      { path: pathOf(request), subprotocols, origin },
      { protocols, allowedOrigins, timeoutMs },
    );
  }

  #endVisit(socket: Socket): void {
    const visit = this.#visits.get(socket);
    if (visit !== undefined) this.#household.peers.remove(visit);
  }
}

/** A client of HTTP, between its requests. */
class Visit implements Peer {
  readonly isAwaited = false;
  readonly protocols: readonly Protocol[];
  readonly #socket: Socket;
  readonly #timeoutMs: number;
  #deadlineMs: number;

  constructor(socket: Socket, protocols: readonly Protocol[], timeoutMs: number) {
    this.#socket = socket;
    this.protocols = protocols;
    this.#timeoutMs = timeoutMs;
    this.#deadlineMs = Date.now() + timeoutMs;
  }

  renew(): void {
    this.#deadlineMs = Date.now() + this.#timeoutMs;
  }

  tick(nowMs: number): void {
    if (nowMs >= this.#deadlineMs) this.destroy();
  }

  shutdown(): void {
    // It may still ask for health; nobody waits for it.
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? "/").split("?", 1)[0] ?? "/";
}

function respond(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, {
    "content-type": `${type}; charset=utf-8`,
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
  });
  response.end(body);
}

function refuse(socket: Duplex, status: number, reason: string): void {
  const body = `${reason}\n`;
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
      "connection: close",
      "content-type: text/plain; charset=utf-8",
      `content-length: ${Buffer.byteLength(body)}`,
      "",
      body,
    ].join("\r\n"),
  );
}
