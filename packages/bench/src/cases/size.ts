import { type Case, flow } from "./case.ts";

const qos0 = { protocol: "mqtt", qos: 0 } as const;

/** Much of something: topics, subscriptions, connections, bytes. */
export const sizeCases: readonly Case[] = [
  {
    name: "many-topics",
    question: "MQTT QoS 0, 64 B, 1→1, 100,000 distinct topics in turn",
    flow: flow(qos0, qos0, { bodyBytes: 64, window: 20_000, topics: 100_000 }),
  },
  {
    name: "many-wildcards",
    question: "MQTT QoS 0, 64 B, 1→1, beside 100,000 wildcard subscriptions",
    flow: flow(qos0, qos0, { bodyBytes: 64, window: 20_000, topics: 1000, otherSubscriptions: 100_000 }),
  },
  {
    name: "large-bodies",
    question: "MQTT QoS 0, 1 MiB, 1→1",
    flow: flow(qos0, qos0, { bodyBytes: 2 ** 20, window: 4, batch: 1 }),
  },
  { name: "idle", question: "10,000 idle MQTT connections", flow: "idle" },
];
