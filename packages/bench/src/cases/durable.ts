import type { Flow } from "../flow.ts";
import { type Case, flow } from "./case.ts";

/** Messages that nobody takes, so that each of them has to be written. */
function fill(from: Flow["from"], publishers: number, window = 200): Flow {
  const isAmqp = from.protocol === "amqp";
  return flow(
    from,
    isAmqp ? { protocol: "amqp", prefetch: 0, durable: true } : { protocol: "mqtt", qos: 1, durable: true },
    {
      bodyBytes: 256,
      window,
      publishers,
      subscribers: 0,
      reach: "shared",
      address: isAmqp ? "queue" : "topic",
    },
  );
}

const amqp = { protocol: "amqp", confirm: true, persistent: true } as const;
const mqtt = { protocol: "mqtt", qos: 1 } as const;

const numbersOfPublishers = [1, 10, 100] as const;

/** What it costs to be told that a message is safe: 256 B, confirmed when they are on disk, and not consumed. */
export const durableCases: readonly Case[] = [
  {
    name: "durable-lone",
    question: "AMQP, persistent, durable queue: one message at a time, from publish to confirm",
    flow: fill(amqp, 1, 1),
  },
  ...numbersOfPublishers.map((publishers) => ({
    name: `durable-amqp-${publishers}`,
    question: `AMQP, persistent, durable queue, ${publishers} publishers of 200 unconfirmed messages`,
    flow: fill(amqp, publishers),
  })),
  ...numbersOfPublishers.map((publishers) => ({
    name: `durable-mqtt-${publishers}`,
    question: `MQTT QoS 1, kept session that is away, ${publishers} publishers of 200 unconfirmed messages`,
    flow: fill(mqtt, publishers),
  })),
  {
    name: "durable-amqp-100-os",
    question: "as durable-amqp-100, confirmed when the operating system has them (durability: os)",
    flow: fill(amqp, 100),
    durability: "os",
  },
];
