import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, Server, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { fileURLToPath } from "node:url";
import { MemoryEngine } from "@dragoman/core";
import { afterEach, describe, expect, it, vi } from "vitest";
import { WebSocket } from "ws";
import type { PartialConfiguration } from "../configuration/configuration.ts";
import { withStandards } from "../configuration/resolve.ts";
import { SILENT } from "../log.ts";
import { RunningBroker } from "../running-broker.ts";
import { lineProtocol } from "../testing/line-protocol.ts";

/** Named as the real ones, so that the configuration knows them. */
const mqtt = lineProtocol("mqtt");
const stomp = lineProtocol("stomp");

let broker: RunningBroker | undefined;
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await broker?.close();
  mqtt.events.length = 0;
});

async function start(given: PartialConfiguration = {}): Promise<number> {
  const configuration = withStandards({ listeners: [{ port: 0 }], shutdownTimeoutMs: 1000, ...given });
  broker = await RunningBroker.start(configuration, {
    protocols: () => [mqtt, stomp],
    engine: new MemoryEngine(),
    log: SILENT,
  });
  return broker.listeners[0]?.port ?? 0;
}

async function open(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  sockets.push(socket);
  await once(socket, "connect");
  return socket;
}

/** Everything that comes until it is `length` bytes, or all of it when the peer ends. */
async function read(socket: Socket, length = Number.POSITIVE_INFINITY): Promise<string> {
  let seen = "";
  return await new Promise((resolve, reject) => {
    const take = (chunk: Buffer): void => {
      seen += chunk.toString();
      if (seen.length >= length) done();
    };
    const done = (): void => {
      socket.off("data", take).off("close", done);
      resolve(seen);
    };
    socket.on("data", take).once("close", done).once("error", reject);
  });
}

async function ask(port: number, text: string): Promise<string> {
  const socket = await open(port);
  socket.end(text);
  return await read(socket);
}

async function openWebSocket(
  url: string,
  subprotocols: string[] = [],
  options: object = {},
): Promise<WebSocket> {
  const socket = new WebSocket(url, subprotocols, options);
  await once(socket, "open");
  return socket;
}

/** The status with which a request for WebSocket is refused. */
async function refusal(url: string, subprotocols: string[] = [], options: object = {}): Promise<number> {
  const socket = new WebSocket(url, subprotocols, options);
  return await new Promise((resolve, reject) => {
    socket.on("unexpected-response", (_request, response) => resolve(response.statusCode ?? 0));
    socket.on("open", () => reject(new Error("expected a refusal")));
    socket.on("error", () => undefined);
  });
}

describe("a listener", () => {
  it("speaks every protocol on one port, HTTP and WebSocket among them", async () => {
    const port = await start();
    const webSocket = await openWebSocket(`ws://127.0.0.1:${port}/stomp`);
    webSocket.send("stomp!\n");

    const [echo] = await once(webSocket, "message");
    const answers = [
      await ask(port, "mqtt!\nhello\n"),
      await ask(port, "stomp!\nhello\n"),
      await ask(port, "GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
      String(echo),
    ];
    webSocket.terminate();

    expect(answers[0]).toBe("mqtt!\nhello\n");
    expect(answers[1]).toBe("stomp!\nhello\n");
    expect(answers[2]).toMatch(/^HTTP\/1\.1 200 OK\r\n.*{"status":"ready"}\n$/s);
    expect(answers[3]).toBe("stomp!\n");
  });

  it.each(["mqtt!\nhello\n", "GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"])(
    "recognises %j byte by byte",
    async (text) => {
      const socket = await open(await start());
      socket.setNoDelay(true);

      const answer = read(socket);
      for (const byte of text) {
        socket.write(byte);
        await new Promise(setImmediate);
      }
      socket.end();

      expect(await answer).toMatch(/hello|200 OK/);
    },
  );

  it("cuts off a peer that speaks none of them", async () => {
    const port = await start();

    await expect(ask(port, "SSH-2.0-OpenSSH\r\n")).resolves.toBe("");
  });

  it("speaks only what its configuration narrows it to, and lets the first of these answer the rest", async () => {
    const port = await start({ listeners: [{ port: 0, protocols: ["mqtt"] }] });

    await expect(ask(port, "stomp!\nhello\n")).resolves.toBe("stomp!\nhello\n");
    expect(mqtt.events).toContain("hello");
    await expect(ask(port, "GET /health HTTP/1.1\r\n\r\n")).resolves.not.toMatch(/^HTTP/);
  });

  it("gives each port its own protocol first, and one listener to a port that several share", async () => {
    await start({ listeners: [], mqttPort: 0, stompPort: 0, amqpPort: "off", httpPort: 0 });

    expect(broker?.listeners.map(({ protocols }) => protocols[0])).toStrictEqual(["mqtt", "stomp", "http"]);
    expect(broker?.url("mqtt")).toBe(`mqtt://127.0.0.1:${broker?.listeners[0]?.port}`);
    expect(broker?.url("ws")).toBe(`ws://127.0.0.1:${broker?.listeners[2]?.port}`);
    expect(() => broker?.url("amqp")).not.toThrow();
  });

  it("refuses connections over the limit, and takes new ones when others have left", async () => {
    const port = await start({ maxConnections: 2 });
    const first = await open(port);
    first.write("mqtt!\n");
    await read(first, 6);
    const second = await open(port);
    second.write("mqtt!\n");
    await read(second, 6);

    await expect(ask(port, "mqtt!\n").catch(() => "")).resolves.toBe("");
    second.destroy();
    while (mqtt.events.filter((event) => event === "(closed)").length === 0) await new Promise(setImmediate);
    await expect(ask(port, "mqtt!\n")).resolves.toBe("mqtt!\n");
  });

  it.each([
    [
      { mqttPort: 0, listeners: [{ port: 0, host: "192.0.2.1" }] },
      /192\.0\.2\.1 is not an address of this machine/,
    ],
    [
      { listeners: [{ port: 0, tls: { certFile: "absent.pem", keyFile: "absent.pem" } }] },
      /cannot read absent\.pem/,
    ],
  ])("says why it cannot start: %j", async (given, want) => {
    await expect(start(given)).rejects.toThrow(want);
  });

  it("lives on when the system refuses to accept a connection, however often", async () => {
    const listen = vi.spyOn(Server.prototype, "listen");
    const port = await start();
    const server = listen.mock.contexts[0];
    listen.mockRestore();
    if (!(server instanceof Server)) throw new Error("no server listens");
    // As node does when there is no descriptor left, or a rule of the system forbids the peer.
    for (let i = 0; i < 3; i++)
      server.emit("error", Object.assign(new Error("accept EMFILE"), { code: "EMFILE" }));

    expect(await ask(port, "mqtt!one\n")).toContain("one");
  });

  it("says that a port is taken, and by which flag another is chosen", async () => {
    const port = await start();
    const first = broker;

    await expect(start({ listeners: [], mqttPort: port })).rejects.toThrow(
      `port ${port} on 127.0.0.1 is taken: stop the program that listens there, or choose another with --mqtt-port`,
    );
    await first?.close();
  });
});

describe("a listener with TLS", () => {
  const certFile = fileURLToPath(new URL("../testing/localhost.pem", import.meta.url));
  const keyFile = fileURLToPath(new URL("../testing/localhost-key.pem", import.meta.url));
  const ca = readFileSync(certFile);

  it("speaks every protocol, HTTP and WebSocket among them", async () => {
    const port = await start({ listeners: [{ port: 0, tls: { certFile, keyFile } }] });
    const socket = connectTls({ port, ca, host: "localhost" });
    const webSocket = await openWebSocket(`wss://localhost:${port}/stomp`, [], { ca });

    socket.end("mqtt!\nhello\n");
    webSocket.send("stomp!\n");
    const [echo] = await once(webSocket, "message");
    webSocket.terminate();

    expect(await read(socket)).toBe("mqtt!\nhello\n");
    expect(String(echo)).toBe("stomp!\n");
    expect(broker?.url("mqtt")).toBe(`mqtts://127.0.0.1:${port}`);
  });

  it("lives on when a peer speaks without it", async () => {
    const port = await start({ listeners: [{ port: 0, tls: { certFile, keyFile } }] });

    await expect(ask(port, "mqtt!\n").catch(() => "")).resolves.not.toContain("mqtt");
    const socket = connectTls({ port, ca, host: "localhost" });
    socket.end("mqtt!\n");
    expect(await read(socket)).toBe("mqtt!\n");
  });

  it("asks clients for a certificate when it is told by whom it must be signed", async () => {
    const tls = { certFile, keyFile, clientCaFile: certFile };
    const port = await start({ listeners: [{ port: 0, tls }] });
    const known = connectTls({ port, ca, host: "localhost", cert: ca, key: readFileSync(keyFile) });
    known.end("mqtt!\n");
    expect(await read(known)).toBe("mqtt!\n");

    const unknown = connectTls({ port, ca, host: "localhost" });
    const [error] = await once(unknown, "error");
    expect(error).toMatchObject({ code: "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED" });
  });
});

describe("a connection", () => {
  it("sends what was sent in one turn in order, small and large together", async () => {
    const socket = await open(await start());
    socket.write("mqtt!\n");
    await read(socket, 6);
    const pieces = Array.from({ length: 50 }, (_, at) =>
      Buffer.alloc(at % 7 === 0 ? 20_000 : at, 65 + (at % 26)),
    );

    const answer = read(socket, Buffer.concat(pieces).length);
    for (const piece of pieces) mqtt.transport?.send(piece);

    expect(await answer).toBe(Buffer.concat(pieces).toString());
  });

  it("counts what waits, and tells when it has left", async () => {
    const socket = await open(await start());
    socket.write("mqtt!\n");
    await read(socket, 6);
    socket.pause();

    const chunk = Buffer.alloc(1024 * 1024);
    for (let sent = 0; sent < 16; sent++) mqtt.transport?.send(chunk);
    expect(mqtt.transport?.bufferedBytes).toBe(16 * chunk.length);
    socket.resume();
    while (!mqtt.events.includes("(drained)")) await new Promise(setImmediate);

    expect(mqtt.transport?.bufferedBytes).toBeLessThan(64 * 1024);
  });

  it("does not read while it is paused", async () => {
    const socket = await open(await start());
    socket.write("mqtt!\npause\n");
    await read(socket, 12);

    socket.write("later\n");
    await ask(broker?.listeners[0]?.port ?? 0, "stomp!\n");
    expect(mqtt.events).not.toContain("later");
    const answer = read(socket, 6);
    mqtt.transport?.resume();

    expect(await answer).toBe("later\n");
  });

  it("delivers its last words when it ends, though the peer still sends", async () => {
    const socket = await open(await start());
    const answer = read(socket);
    socket.write(`mqtt!\nend\n${"x".repeat(100_000)}`);

    expect(await answer).toBe("mqtt!\nend\n");
  });

  it("ends alone when its protocol fails", async () => {
    const port = await start();
    const other = await open(port);
    other.write("mqtt!\n");
    await read(other, 6);

    await expect(ask(port, "mqtt!\nfail\n").catch(() => "")).resolves.not.toContain("fail");
    other.write("alive\n");
    await expect(read(other, 6)).resolves.toBe("alive\n");
  });

  it("says goodbye when the broker stops", async () => {
    const port = await start();
    const socket = await open(port);
    socket.write("mqtt!\n");
    await read(socket, 6);

    const answer = read(socket);
    await broker?.close();

    expect(await answer).toBe("bye: shutdown\n");
    await expect(open(port)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });
});

describe("WebSocket", () => {
  it.each([
    ["/mqtt", [], ""],
    ["/mqtt", ["mqtt.2"], "mqtt.2"],
    ["/mqtt", ["mqtt.2", "mqtt"], "mqtt"],
    ["/", ["unknown", "stomp"], "stomp"],
    ["/ws?token=1", ["stomp"], "stomp"],
  ])("at %s with %j chooses '%s'", async (path, subprotocols, want) => {
    const socket = await openWebSocket(`ws://127.0.0.1:${await start()}${path}`, subprotocols);

    expect(socket.protocol).toBe(want);
    socket.terminate();
  });

  it.each([
    ["/mqtt", ["stomp"], 400],
    ["/", ["unknown"], 400],
    ["/absent", ["mqtt"], 404],
  ])("at %s with %j is refused with %d", async (path, subprotocols, want) => {
    const port = await start();

    await expect(refusal(`ws://127.0.0.1:${port}${path}`, subprotocols)).resolves.toBe(want);
  });

  it("without a subprotocol, at a path of no protocol's own, is recognised by its first bytes", async () => {
    const socket = await openWebSocket(`ws://127.0.0.1:${await start()}/ws`);
    socket.send("mq");
    socket.send("tt!\n");

    const [data] = await once(socket, "message");

    expect(String(data)).toContain("mqtt");
    socket.terminate();
  });

  it("speaks only what its listener is narrowed to; with HTTP alone, everything", async () => {
    const narrowed = await start({
      listeners: [
        { port: 0, protocols: ["mqtt", "http"] },
        { port: 0, protocols: ["http"] },
      ],
    });
    const other = broker?.listeners[1]?.port ?? 0;

    await expect(refusal(`ws://127.0.0.1:${narrowed}/stomp`)).resolves.toBe(404);
    await expect(refusal(`ws://127.0.0.1:${narrowed}/`, ["stomp"])).resolves.toBe(400);
    for (const url of [`ws://127.0.0.1:${narrowed}/mqtt`, `ws://127.0.0.1:${other}/stomp`]) {
      const socket = await openWebSocket(url);
      socket.terminate();
    }
  });

  it("is refused to pages of other origins when the configuration names some", async () => {
    const url = `ws://127.0.0.1:${await start({ allowedOrigins: ["https://a.example"] })}/mqtt`;

    await expect(refusal(url, [], { origin: "https://b.example" })).resolves.toBe(403);
    for (const options of [{ origin: "https://a.example" }, {}]) {
      const socket = await openWebSocket(url, [], options);
      socket.terminate();
    }
  });

  it("joins messages that are cut anywhere, and answers text with text", async () => {
    const socket = await openWebSocket(`ws://127.0.0.1:${await start()}/mqtt`);
    for (const piece of ["hel", "lo\nwor", "ld\n"]) socket.send(piece);

    let seen = "";
    for await (const [data, isBinary] of on(socket)) {
      expect(isBinary).toBe(false);
      seen += data;
      if (seen.length === 12) break;
    }

    expect(seen).toBe("hello\nworld\n");
    socket.terminate();
  });

  it("answers binary messages with binary ones", async () => {
    const socket = await openWebSocket(`ws://127.0.0.1:${await start()}/mqtt`);
    socket.send(Buffer.from("hello\n"));

    const [data, isBinary] = await once(socket, "message");

    expect([String(data), isBinary]).toStrictEqual(["hello\n", true]);
    socket.terminate();
  });

  it("keeps the messages that come while it is paused", async () => {
    const socket = await openWebSocket(`ws://127.0.0.1:${await start()}/mqtt`);
    socket.send("pause\n");
    await once(socket, "message");
    for (const line of ["one\n", "two\n"]) socket.send(line);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(mqtt.events).toStrictEqual(["pause"]);

    mqtt.transport?.resume();
    while (!mqtt.events.includes("two")) await new Promise(setImmediate);

    expect(mqtt.events).toStrictEqual(["pause", "one", "two"]);
    socket.terminate();
  });

  it("tells when what waits has left", async () => {
    const socket = await openWebSocket(`ws://127.0.0.1:${await start()}/mqtt`);
    socket.send("hello\n");
    await once(socket, "message");

    mqtt.transport?.send(Buffer.alloc(1024 * 1024));
    while (!mqtt.events.includes("(drained)")) await new Promise(setImmediate);

    expect(mqtt.transport?.bufferedBytes).toBe(0);
    socket.terminate();
  });

  it("closes, with its last words before, when the protocol ends", async () => {
    const socket = await openWebSocket(`ws://127.0.0.1:${await start()}/mqtt`);
    const closed = once(socket, "close");
    socket.send("end\n");

    const [data] = await once(socket, "message");
    const [code] = await closed;

    expect([String(data), code]).toStrictEqual(["end\n", 1000]);
    while (mqtt.events.at(-1) !== "(closed)") await new Promise(setImmediate);
  });
});

describe("HTTP", () => {
  it.each([
    ["GET", "/health", 200],
    ["HEAD", "/health", 200],
    ["POST", "/health", 405],
    ["GET", "/mqtt", 426],
    ["GET", "/", 404],
    ["DELETE", "/absent", 404],
  ])("answers %s %s with %d", async (method, path, want) => {
    const response = await fetch(`http://127.0.0.1:${await start()}${path}`, { method });

    expect(response.status).toBe(want);
    await response.body?.cancel();
  });

  it("answers what is no request with 400", async () => {
    const port = await start();

    await expect(ask(port, "GET / HTTP/9.9\r\n\r\n")).resolves.toMatch(/^HTTP\/1\.1 400 /);
  });

  it("says 503 while the broker drains", async () => {
    const port = await start();
    const lingering = await open(port);
    lingering.write("mqtt!\n");
    await read(lingering, 6);
    // It hears the goodbye and keeps its side open until the test lets it go.
    lingering.pause();

    const closing = broker?.close();
    const response = await fetch(`http://127.0.0.1:${port}/health`);

    expect(response.status).toBe(503);
    await expect(response.json()).resolves.toStrictEqual({ status: "draining" });
    lingering.destroy();
    await closing;
  });
});

/** The messages of a WebSocket. */
async function* on(socket: WebSocket): AsyncGenerator<[data: string, isBinary: boolean]> {
  const seen: [string, boolean][] = [];
  socket.on("message", (data, isBinary) => {
    if (Buffer.isBuffer(data)) seen.push([data.toString(), isBinary]);
  });
  while (true) {
    const next = seen.shift();
    if (next === undefined) await new Promise(setImmediate);
    else yield next;
  }
}
