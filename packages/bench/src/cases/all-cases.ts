import { amqpCases } from "./amqp.ts";
import type { Case } from "./case.ts";
import { crossingCases } from "./crossing.ts";
import { durableCases } from "./durable.ts";
import { latencyCases } from "./latency.ts";
import { mqttCases } from "./mqtt.ts";
import { sizeCases } from "./size.ts";
import { stompCases } from "./stomp.ts";
import { webSocketCases } from "./web-socket.ts";

/** Every question, in the order of the table. */
export const allCases: readonly Case[] = [
  ...mqttCases,
  ...amqpCases,
  ...stompCases,
  ...crossingCases,
  ...durableCases,
  ...latencyCases,
  ...webSocketCases,
  ...sizeCases,
];
