// What the measuring programs share: a broker's core on the engine, without protocols and sockets.
import { closeSync, fdatasyncSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Broker, CORE_PROPERTIES, Message, OPEN_AUTHORITY } from "@dragoman/core";
import { LmdbEngine } from "@dragoman/engine-lmdb";

const BODY_BYTES = 256;
const NO_BYTES = new Uint8Array();
const clock = {
  now: () => Date.now(),
  after(delayMs, task) {
    const timer = setTimeout(() => task(), delayMs);
    return () => clearTimeout(timer);
  },
};

/** A directory of its own below DRAGOMAN_BENCH_DIR: the disk that is measured. */
export function freshDirectory() {
  return mkdtempSync(join(process.env.DRAGOMAN_BENCH_DIR ?? tmpdir(), "dragoman-bench-"));
}

export function removeDirectory(directory) {
  rmSync(directory, { recursive: true });
}

export async function open(directory, durability = "sync") {
  const engine = new LmdbEngine({ directory, durability });
  const ports = { clock, engine, authority: OPEN_AUTHORITY, propertyCodecs: [] };
  const broker = new Broker(ports, { maxMessageBytes: 2 ** 24 });
  const startedMs = performance.now();
  await broker.open();
  const openMs = performance.now() - startedMs;
  const client = await broker.connect({
    credentials: { kind: "anonymous" },
    virtualHost: "/",
    protocol: "core",
    version: "1",
    peer: "bench",
    isLoopback: true,
  });
  return { broker, engine, client, openMs };
}

/** A durable message to the queue of that topic, with its number at the beginning of the body. */
export function makeMessage(client, topic, number, more = {}) {
  const body = Buffer.allocUnsafe(BODY_BYTES);
  body.writeUInt32BE(number, 0);
  return new Message({
    exchange: "",
    topic,
    body,
    publisher: client.publisher,
    receivedAtMs: Date.now(),
    durable: true,
    codec: CORE_PROPERTIES,
    raw: NO_BYTES,
    ...more,
  });
}

/** MB; without the pages of the data file, which belong to the operating system. */
export function residentMb() {
  const status = readFileSync("/proc/self/status", "utf8");
  return Math.round(Number(/RssAnon:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
}

/** Processor time in microseconds since `from`, of all threads. */
export function cpuUs(from) {
  const { user, system } = process.cpuUsage(from);
  return user + system;
}

/** The median of 200 writes of 4 KiB with fdatasync, in milliseconds: what the disk itself takes. */
export function fdatasyncMs(directory) {
  const file = openSync(join(directory, "fdatasync"), "w");
  const block = Buffer.alloc(4096);
  const times = Array.from({ length: 200 }, () => {
    const startedMs = performance.now();
    writeSync(file, block);
    fdatasyncSync(file);
    return performance.now() - startedMs;
  });
  closeSync(file);
  return times.toSorted((a, b) => a - b)[100];
}
