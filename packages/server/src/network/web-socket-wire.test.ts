import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { WebSocketWire } from "./web-socket-wire.ts";

let server: WebSocketServer;
let ours: WebSocket;
let wire: WebSocketWire;
let told: string[];

beforeEach(async () => {
  server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const client = new WebSocket(`ws://127.0.0.1:${port}`);
  const opened = once(client, "open");
  ours = await new Promise<WebSocket>((resolve) => server.on("connection", resolve));
  await opened;
  told = [];
  wire = new WebSocketWire(ours);
  wire.open({
    received: (chunk) => void told.push(Buffer.from(chunk).toString()),
    drained: () => undefined,
    ended: () => undefined,
    closed: () => void told.push("(closed)"),
  });
});

afterEach(() => {
  for (const client of server.clients) client.terminate();
  server.close();
});

/** What the library does for a chunk of the socket that holds these messages. */
function read(...messages: readonly string[]): void {
  for (const message of messages) ours.emit("message", Buffer.from(message), true);
}

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("a stream over WebSocket", () => {
  it("gives the messages of one chunk of the socket as one chunk", async () => {
    read("a", "", "bc", "d");
    await tick();
    read("e");
    await tick();

    expect(told).toStrictEqual(["abcd", "e"]);
  });

  it("keeps what was read while it is paused, and nothing longer", async () => {
    read("a");
    wire.pause();
    read("b");
    await tick();
    expect(told).toStrictEqual([]);

    wire.resume();
    expect(told).toStrictEqual(["ab"]);
    await tick();

    expect(told).toStrictEqual(["ab"]);
  });

  it("gives what was read before it tells of the end", async () => {
    read("a");
    ours.emit("close", 1000, Buffer.alloc(0));
    await tick();

    expect(told).toStrictEqual(["a", "(closed)"]);
  });

  it("does so also while it is paused", async () => {
    wire.pause();
    read("a", "b");
    ours.emit("close", 1000, Buffer.alloc(0));
    await tick();

    expect(told).toStrictEqual(["ab", "(closed)"]);
  });
});
