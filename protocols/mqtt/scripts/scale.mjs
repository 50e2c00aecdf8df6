/**
 * Ten thousand kept connections, a million subscriptions and a million retained topics: memory of each, the cost of
 * a publish beside an empty broker, and the time to start again. Run from the root of the repository after a build:
 * `node protocols/mqtt/scripts/scale.mjs [connections] [subscriptions] [retained]`.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [connections = 10_000, subscriptions = 1_000_000, retained = 1_000_000] = process.argv
  .slice(2)
  .map(Number);
const port = 42_883;
const directory = mkdtempSync(join(tmpdir(), "dragoman-scale-"));
const figures = { connections, subscriptions, retained };

function text(value) {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
}

function packet(first, ...parts) {
  const body = Buffer.concat(parts);
  const length = [];
  for (let left = body.length; ; left >>= 7) {
    length.push(left > 127 ? (left & 127) | 128 : left);
    if (left <= 127) break;
  }
  return Buffer.concat([Buffer.from([first, ...length]), body]);
}

/** A client of MQTT 3.1.1 with a session that is kept. */
class Client {
  constructor(id) {
    // Connections from several addresses: one has too few ports for very many.
    this.socket = connect({ port, host: "127.0.0.1", localAddress: `127.0.0.${1 + (Number(id) % 4 || 0)}` });
    this.id = id;
    this.received = 0;
    this.rest = Buffer.alloc(0);
    this.waiting = [];
    this.socket.on("data", (chunk) => this.take(chunk));
  }

  async open() {
    await once(this.socket, "connect");
    this.socket.write(packet(0x10, text("MQTT"), Buffer.from([4, 0, 0, 0]), text(`client-${this.id}`)));
    await this.next(0x20);
  }

  /** Resolves with the next packet of that type. */
  next(type, count = 1) {
    return new Promise((resolve) => this.waiting.push({ type, count, resolve }));
  }

  take(chunk) {
    let bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    for (;;) {
      let length = 0;
      let at = 1;
      for (let shift = 0; ; shift += 7) {
        if (at >= bytes.length) return void (this.rest = bytes);
        length |= (bytes[at] & 127) << shift;
        if (bytes[at++] < 128) break;
      }
      if (bytes.length < at + length) return void (this.rest = bytes);
      const type = bytes[0] & 0xf0;
      const [first] = this.waiting;
      if (first?.type === type && --first.count === 0) {
        this.waiting.shift();
        first.resolve();
      }
      bytes = bytes.subarray(at + length);
    }
  }

  async subscribe(filters) {
    const requests = filters.map((filter) => Buffer.concat([text(filter), Buffer.from([0])]));
    this.socket.write(packet(0x82, Buffer.from([0, 1]), ...requests));
    await this.next(0x90);
  }
}

async function start() {
  const begun = performance.now();
  const server = spawn(
    process.execPath,
    [
      "--max-old-space-size=6000",
      "packages/server/dist/main.js",
      "--mqtt-port",
      String(port),
      "--stomp-port",
      "off",
      "--amqp-port",
      "off",
      "--http-port",
      "off",
      "--data-dir",
      directory,
      "--memory-percent",
      "90",
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  let said = "";
  await new Promise((resolve, reject) => {
    server.once("exit", () => reject(new Error(said)));
    server.stdout.on("data", (chunk) => {
      said += chunk;
      if (said.includes("ready")) resolve();
    });
  });
  return { server, startMs: Math.round(performance.now() - begun) };
}

async function stop(server) {
  server.removeAllListeners("exit");
  server.kill("SIGTERM");
  await once(server, "exit");
}

function residentBytes({ pid }) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) * 1_024;
}

/** Microseconds for a message of QoS 0 and 64 bytes from one client to another, through a pipe that is full. */
async function publishCost(from, to) {
  const count = 100_000;
  const messages = Buffer.concat(
    Array.from({ length: 100 }, () => packet(0x30, text("cost/x"), Buffer.alloc(64))),
  );
  await to.subscribe(["cost/x"]);
  const measured = [];
  for (let round = 0; round < 3; round++) {
    const begun = performance.now();
    const arrived = to.next(0x30, count);
    for (let sent = 0; sent < count; sent += 100) {
      if (!from.socket.write(messages)) await once(from.socket, "drain");
    }
    await arrived;
    measured.push(((performance.now() - begun) * 1_000) / count);
  }
  return Number(Math.min(...measured).toFixed(2));
}

/** Microseconds for a message to a topic that was never published to. */
async function newTopicCost(from, to) {
  const count = 20_000;
  await to.subscribe(["fresh/+"]);
  const prefix = Math.random().toString(36).slice(2);
  const begun = performance.now();
  const arrived = to.next(0x30, count);
  for (let index = 0; index < count; index++) {
    from.socket.write(packet(0x30, text(`fresh/${prefix}${index}`), Buffer.alloc(64)));
  }
  await arrived;
  return Number((((performance.now() - begun) * 1_000) / count).toFixed(2));
}

async function inTurns(items, width, each) {
  const left = items[Symbol.iterator]();
  await Promise.all(
    Array.from({ length: width }, async () => {
      for (const item of left) await each(item);
    }),
  );
}

async function retain(client, first, count) {
  for (let done = 0; done < count; done += 500) {
    const batch = Math.min(500, count - done);
    const all = client.next(0x40, batch);
    client.socket.write(
      Buffer.concat(
        Array.from({ length: batch }, (_, index) =>
          packet(
            0x33,
            text(`plant/${(first + done + index) % 1_000}/sensor/${first + done + index}`),
            Buffer.from([(index + 1) >> 8, (index + 1) & 0xff]),
            Buffer.alloc(32, "v"),
          ),
        ),
      ),
    );
    await all;
  }
}

let { server, startMs } = await start();
figures.emptyStartMs = startMs;
figures.emptyBytes = residentBytes(server);
const publisher = new Client("publisher");
const subscriber = new Client("subscriber");
await Promise.all([publisher.open(), subscriber.open()]);
figures.emptyPublishMicros = await publishCost(publisher, subscriber);
figures.emptyNewTopicMicros = await newTopicCost(publisher, subscriber);

async function phase(name, count, work) {
  const before = residentBytes(server);
  const begun = performance.now();
  await work();
  const seconds = Number(((performance.now() - begun) / 1_000).toFixed(1));
  figures[name] = { seconds, bytesEach: Math.round((residentBytes(server) - before) / count) };
  console.error(name, figures[name]);
}

const clients = Array.from({ length: connections }, (_, index) => index);
await phase("connection", connections, () =>
  inTurns(clients.entries(), 100, async ([index]) => {
    clients[index] = new Client(index);
    await clients[index].open();
  }),
);
const each = Math.ceil(subscriptions / connections);
await phase("subscription", subscriptions, () =>
  inTurns(clients, 50, (client) =>
    client.subscribe(Array.from({ length: each }, (_, index) => `fleet/${client.id}/+/${index}`)),
  ),
);
await phase("retainedTopic", retained, () =>
  inTurns([0, 1, 2, 3], 4, (part) => retain(clients[part], part * (retained / 4), retained / 4)),
);
figures.fullBytes = residentBytes(server);
figures.fullPublishMicros = await publishCost(publisher, subscriber);
figures.fullNewTopicMicros = await newTopicCost(publisher, subscriber);
const stopped = performance.now();
await stop(server);
figures.stopMs = Math.round(performance.now() - stopped);
({ server, startMs } = await start());
figures.startAgainMs = startMs;
figures.startedAgainBytes = residentBytes(server);
await stop(server);
rmSync(directory, { recursive: true });
console.log(JSON.stringify(figures, undefined, 2));
process.exit(0);
