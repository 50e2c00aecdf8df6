import type { Flow } from "../flow.ts";
import { type Case, flow } from "./case.ts";

function queue(confirm: boolean, prefetch: number, persistent: boolean): Flow {
  return flow(
    { protocol: "amqp", confirm, persistent },
    { protocol: "amqp", prefetch, durable: persistent },
    { bodyBytes: 256, window: 2000, address: "queue", batch: 100 },
  );
}

/** AMQP 0-9-1 through a queue, 256 B. */
export const amqpCases: readonly Case[] = [
  {
    name: "amqp-auto-ack",
    question: "AMQP, automatic acknowledgement",
    flow: queue(false, 0, false),
    isShort: true,
  },
  {
    name: "amqp-confirm",
    question: "AMQP, confirm and acknowledge, prefetch 200",
    flow: queue(true, 200, false),
    isShort: true,
  },
  {
    name: "amqp-persistent",
    question: "AMQP, persistent, confirm and acknowledge, prefetch 200",
    flow: queue(true, 200, true),
  },
];
