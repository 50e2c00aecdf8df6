import type { Flow } from "../flow.ts";
import { type Case, flow } from "./case.ts";

function paced(qos: 0 | 1, ratePerSecond: number): Flow {
  const rest = { bodyBytes: 64, window: 10_000, publishers: 20, subscribers: 20, batch: 1, ratePerSecond };
  return flow({ protocol: "mqtt", qos }, { protocol: "mqtt", qos }, rest);
}

/** How long a message takes when the broker is not full. */
export const latencyCases: readonly Case[] = [
  { name: "paced-qos0-5k", question: "MQTT QoS 0, 20 pairs, 5,000/s", flow: paced(0, 5000), isShort: true },
  { name: "paced-qos1-5k", question: "MQTT QoS 1, 20 pairs, 5,000/s", flow: paced(1, 5000) },
  { name: "paced-qos0-50k", question: "MQTT QoS 0, 20 pairs, 50,000/s", flow: paced(0, 50_000) },
  { name: "paced-qos1-50k", question: "MQTT QoS 1, 20 pairs, 50,000/s", flow: paced(1, 50_000) },
];
