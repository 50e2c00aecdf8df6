import type { Flow } from "../flow.ts";
import { type Case, flow } from "./case.ts";

const qos0 = { protocol: "mqtt", qos: 0 } as const;

function beside(other: Partial<Flow>): Flow {
  return flow(qos0, qos0, { bodyBytes: 64, window: 20_000, ...other });
}

/** Within each line of questions the cost must stay the same. */
export const flatCases: readonly Case[] = [
  ...[1, 100, 10_000, 1_000_000].map((otherSubscriptions) => ({
    name: `flat-subscriptions-${otherSubscriptions}`,
    question: `MQTT QoS 0, 1→1, beside ${otherSubscriptions} wildcard subscriptions`,
    flow: beside({ otherSubscriptions }),
  })),
  ...[1, 100, 10_000, 100_000].map((topics) => ({
    name: `flat-topics-${topics}`,
    question: `MQTT QoS 0, 1→1, ${topics} topics in turn`,
    flow: beside({ topics }),
  })),
  ...[1, 100, 1000, 10_000].map((otherConnections) => ({
    name: `flat-connections-${otherConnections}`,
    question: `MQTT QoS 0, 1→1, beside ${otherConnections} idle connections`,
    flow: beside({ otherConnections }),
  })),
  ...[0, 1000, 100_000, 2_000_000].map((backlog) => ({
    name: `flat-backlog-${backlog}`,
    question: `AMQP, confirm and acknowledge, ${backlog} messages waiting in the queue`,
    flow: flow(
      { protocol: "amqp", confirm: false, persistent: false },
      { protocol: "amqp", prefetch: 200, durable: false },
      { bodyBytes: 64, window: 2000, address: "queue", batch: 100, ...(backlog > 0 ? { backlog } : {}) },
    ),
  })),
];
