import type { Flow } from "../flow.ts";
import { type Case, flow } from "./case.ts";

const qos = (level: 0 | 1 | 2, rest: Parameters<typeof flow>[2]): Flow =>
  flow({ protocol: "mqtt", qos: level }, { protocol: "mqtt", qos: level }, rest);

const fifty = { publishers: 50, subscribers: 50 } as const;

/** MQTT at its plainest: what a broker can do when it is given all it can take. */
export const mqttCases: readonly Case[] = [
  {
    name: "mqtt-qos0-1-1",
    question: "MQTT QoS 0, 64 B, 1→1",
    flow: qos(0, { bodyBytes: 64, window: 20_000 }),
    isShort: true,
  },
  {
    name: "mqtt-qos0-1-100",
    question: "MQTT QoS 0, 64 B, 1→100",
    flow: qos(0, { bodyBytes: 64, window: 2000, subscribers: 100, reach: "shared" }),
    isShort: true,
  },
  {
    name: "mqtt-qos0-100-1",
    question: "MQTT QoS 0, 64 B, 100→1",
    flow: qos(0, { bodyBytes: 64, window: 200, publishers: 100, reach: "shared" }),
  },
  {
    name: "mqtt-qos0-50-50",
    question: "MQTT QoS 0, 64 B, 50 pairs",
    flow: qos(0, { bodyBytes: 64, window: 1000, ...fifty }),
  },
  {
    name: "mqtt5-qos0-1-1",
    question: "MQTT 5 to 3.1.1, QoS 0, 64 B, 1→1",
    flow: flow(
      { protocol: "mqtt", qos: 0, version: 5 },
      { protocol: "mqtt", qos: 0 },
      { bodyBytes: 64, window: 20_000 },
    ),
  },
  {
    name: "mqtt-one-per-read",
    question: "MQTT QoS 0, 64 B, 200 pairs, one message per read",
    flow: qos(0, { bodyBytes: 64, window: 1, publishers: 200, subscribers: 200 }),
    isShort: true,
  },
  {
    name: "mqtt-qos1-1-1",
    question: "MQTT QoS 1, 256 B, 1→1",
    flow: qos(1, { bodyBytes: 256, window: 5000 }),
    isShort: true,
  },
  {
    name: "mqtt-qos1-50-50",
    question: "MQTT QoS 1, 256 B, 50 pairs",
    flow: qos(1, { bodyBytes: 256, window: 200, ...fifty }),
  },
  {
    name: "mqtt-qos2-1-1",
    question: "MQTT QoS 2, 256 B, 1→1",
    flow: qos(2, { bodyBytes: 256, window: 5000 }),
    isShort: true,
  },
  {
    name: "mqtt-qos2-50-50",
    question: "MQTT QoS 2, 256 B, 50 pairs",
    flow: qos(2, { bodyBytes: 256, window: 200, ...fifty }),
  },
  {
    name: "mqtt-qos1-durable",
    question: "MQTT QoS 1, 256 B, 1→1, kept session, on disk before PUBACK",
    flow: flow(
      { protocol: "mqtt", qos: 1 },
      { protocol: "mqtt", qos: 1, durable: true },
      { bodyBytes: 256, window: 5000 },
    ),
  },
];
