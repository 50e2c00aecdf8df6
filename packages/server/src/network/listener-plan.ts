import type { Protocol } from "@dragoman/core";
import { type Configuration, type Port, SPOKEN, type Spoken } from "../configuration/configuration.ts";
import { flagOf } from "../configuration/settings.ts";
import type { ListenerPlan } from "./listener.ts";
import { isLoopback } from "./loopback.ts";
import { type Candidate, HTTP } from "./reception.ts";

/** The listeners that a configuration asks for. A port that is named for several protocols is one listener. */
export function planListeners(
  configuration: Configuration,
  protocols: readonly Protocol[],
): readonly ListenerPlan[] {
  const { host, mqttPort, stompPort, amqpPort, httpPort, listeners } = configuration;
  const known: readonly Candidate[] = [...protocols, HTTP];
  const candidate = (name: Spoken): Candidate | undefined => known.find((one) => one.name === name);
  const candidates = (speaks: readonly Spoken[]): readonly Candidate[] =>
    speaks.flatMap((name) => candidate(name) ?? []);

  const ports: readonly (readonly [Spoken, Port])[] = [
    ["mqtt", mqttPort],
    ["stomp", stompPort],
    ["amqp", amqpPort],
    ["http", httpPort],
  ];
  const plans: ListenerPlan[] = [];
  for (const [name, port] of ports) {
    if (port === "off" || (port !== 0 && plans.some((plan) => plan.port === port))) continue;
    const speaks = [name, ...SPOKEN.filter((other) => other !== name)];
    const setting = flagOf(`${name}Port`);
    plans.push({
      host,
      port,
      speaks,
      candidates: candidates(speaks),
      fallback: candidate(name),
      tls: undefined,
      setting,
    });
  }
  for (const [at, spec] of listeners.entries()) {
    const speaks = spec.protocols ?? SPOKEN;
    plans.push({
      host: spec.host ?? host,
      port: spec.port,
      speaks,
      candidates: candidates(speaks),
      fallback: spec.protocols?.[0] && candidate(spec.protocols[0]),
      tls: spec.tls,
      setting: `listeners[${at}].port`,
    });
  }
  return plans;
}

/** Whether other machines can reach any of them. */
export function isExposed(plans: readonly ListenerPlan[]): boolean {
  return plans.some(({ host }) => !isLoopback(host));
}
