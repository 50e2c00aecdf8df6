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
  const link = await openMqtt(port, {
    clientId: "scale-publisher",
    version: 4,
    durable: false,
    webSocket: false,
  });
  let acknowledged = 0;
  let changed = (): void => {};
  link.read((_, end) => {
    const whole = end - (end % PUBACK_BYTES);
    acknowledged += whole / PUBACK_BYTES;
    changed();
    return whole;
  });
  const stored = async (count: number): Promise<void> => {
    while (acknowledged < count) {
      if (link.failure !== undefined) throw link.failure;
      await new Promise<void>((resolve) => (changed = resolve));
    }
  };
  for (let start = 0; start < retained; start += BATCH) {
    await stored(start - WINDOW);
    link.write(retainedBatch(start, Math.min(retained, start + BATCH)));
  }
  await stored(retained);
  link.close();
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

function retainedBatch(from: number, to: number): Buffer {
  const frames: Buffer[] = [];
  for (let number = from; number < to; number++) {
    const device = Math.floor(number / sensors.length);
    const topic = `site/${device % 1_000}/device-${device}/${sensors[number % sensors.length] ?? ""}`;
    const { bytes, packetIdAt } = publishFrame(topic, Buffer.alloc(64, 97), 1, 4);
    bytes[0] = (bytes[0] ?? 0) | RETAIN;
    bytes.writeUInt16BE((number % 65_535) + 1, packetIdAt);
    frames.push(bytes);
  }
  return Buffer.concat(frames);
}
