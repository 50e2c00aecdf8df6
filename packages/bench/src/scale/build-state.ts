import type { Link } from "../load/link.ts";
import { openMqtt, publishFrame, subscribeMqtt } from "../wire/mqtt.ts";
import type { ScaleCase } from "./scale-case.ts";

/** Connections that are opened at the same time. */
const AT_ONCE = 50;
/** Publishes that wait for their PUBACK at most: half of what a packet identifier can name. */
const WINDOW = 20_000;
const BATCH = 1_000;
const PUBACK_BYTES = 4;
const RETAIN = 1;
const sensors = ["temperature", "humidity", "battery", "status", "signal"];

/** Opens the sessions as clients do, with their subscriptions, and leaves them. */
export async function openSessions(port: number, { sessions, filtersEach }: ScaleCase): Promise<void> {
  for (let start = 0; start < sessions; start += AT_ONCE) {
    const numbers = Array.from({ length: Math.min(AT_ONCE, sessions - start) }, (_, i) => start + i);
    await Promise.all(numbers.map((number) => openSession(port, number, filtersEach)));
  }
}

/** Publishes one retained message to each topic, with QoS 1, and waits until all are stored. */
export async function publishRetained(port: number, { retained }: ScaleCase): Promise<void> {
  const session = { clientId: "scale-publisher", version: 4, durable: false, webSocket: false } as const;
  const link = await openMqtt(port, session);
  const sent: number[] = [];
  for (let start = 0; start < retained; start += BATCH) {
    const count = Math.min(BATCH, retained - start);
    link.write(retainedBatch(start, count));
    sent.push(count);
    if (sent.length * BATCH >= WINDOW) await acknowledged(link, sent.shift() ?? 0);
  }
  for (const count of sent) await acknowledged(link, count);
  link.close();
}

async function acknowledged(link: Link, count: number): Promise<void> {
  const bytes = count * PUBACK_BYTES;
  await link.answer((_, end) => (end < bytes ? 0 : bytes));
}

async function openSession(port: number, number: number, filters: number): Promise<void> {
  const link = await openMqtt(port, {
    clientId: `scale-${number}`,
    version: 5,
    durable: true,
    webSocket: false,
  });
  const own = Array.from({ length: filters }, (_, i) => filterOf(number, i));
  await subscribeMqtt(link, own, 1, 5);
  link.close();
}

function filterOf(session: number, number: number): string {
  return number % 10 === 9
    ? `site/+/device-${session}/command/${number}`
    : `device-${session}/set/value-${number}`;
}

function retainedBatch(from: number, count: number): Buffer {
  const frames: Buffer[] = [];
  for (let number = from; number < from + count; number++) {
    const device = Math.floor(number / sensors.length);
    const topic = `site/${device % 1_000}/device-${device}/${sensors[number % sensors.length] ?? ""}`;
    const { bytes, packetIdAt } = publishFrame(topic, Buffer.alloc(64, 97), 1, 4);
    bytes[0] = (bytes[0] ?? 0) | RETAIN;
    bytes.writeUInt16BE((number % 65_535) + 1, packetIdAt);
    frames.push(bytes);
  }
  return Buffer.concat(frames);
}
