import { type Case, flow } from "./case.ts";

const qos1 = { protocol: "mqtt", qos: 1 } as const;

/** To be run for long: memory and latency must not grow. Not part of the table. */
export const soakCases: readonly Case[] = [
  {
    name: "soak",
    question: "MQTT QoS 1, 64 B, 20 pairs, 20,000/s, while 50 clients a second come and go",
    flow: flow(qos1, qos1, {
      bodyBytes: 64,
      window: 10_000,
      publishers: 20,
      subscribers: 20,
      batch: 1,
      ratePerSecond: 20_000,
      churnPerSecond: 50,
    }),
  },
];
