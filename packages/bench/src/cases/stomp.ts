import { type Case, flow } from "./case.ts";

/** STOMP 1.2, 256 B. */
export const stompCases: readonly Case[] = [
  {
    name: "stomp-topic",
    question: "STOMP topic, automatic acknowledgement",
    flow: flow({ protocol: "stomp" }, { protocol: "stomp", prefetch: 0 }, { bodyBytes: 256, window: 2000 }),
    isShort: true,
  },
  {
    name: "stomp-queue",
    question: "STOMP queue, client-individual, prefetch 200",
    flow: flow(
      { protocol: "stomp" },
      { protocol: "stomp", prefetch: 200 },
      { bodyBytes: 256, window: 2000, address: "queue", batch: 100 },
    ),
    isShort: true,
  },
];
