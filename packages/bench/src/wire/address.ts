import type { Flow, ProtocolName } from "../flow.ts";

/** The address with that number as each protocol spells it, so that one's topic is the other's. */
export function spell(flow: Flow, protocol: ProtocolName, number: number | string): string {
  const name = String(number).padStart(4, "0");
  if (flow.address === "queue") return protocol === "stomp" ? `/queue/bench-${name}` : `bench-${name}`;
  switch (protocol) {
    case "mqtt":
      return `bench/t${name}`;
    case "amqp":
      return `bench.t${name}`;
    case "stomp":
      return `/topic/bench.t${name}`;
  }
}
