import type { PublisherSpec, SubscriberSpec } from "../flow.ts";
import { type Case, flow } from "./case.ts";

const rest = { bodyBytes: 256, window: 2000 } as const;
const mqttIn: PublisherSpec = { protocol: "mqtt", qos: 0 };
const amqpOut: SubscriberSpec = { protocol: "amqp", prefetch: 0, durable: false };

/** From one protocol to another through the topic space, 256 B. */
export const crossingCases: readonly Case[] = [
  {
    name: "mqtt-stomp",
    question: "MQTT QoS 0 → STOMP",
    flow: flow(mqttIn, { protocol: "stomp", prefetch: 0 }, rest),
    isShort: true,
  },
  { name: "mqtt-amqp", question: "MQTT QoS 0 → AMQP", flow: flow(mqttIn, amqpOut, rest) },
  {
    name: "amqp-mqtt",
    question: "AMQP → MQTT QoS 0",
    flow: flow({ protocol: "amqp", confirm: false, persistent: false }, { protocol: "mqtt", qos: 0 }, rest),
  },
  { name: "stomp-amqp", question: "STOMP → AMQP", flow: flow({ protocol: "stomp" }, amqpOut, rest) },
];
