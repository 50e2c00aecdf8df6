import type { Protocol } from "@dragoman/core";
import {
  type Configuration,
  type Port,
  type Sections,
  SPOKEN,
  type Spoken,
} from "../configuration/configuration.ts";
import { flagOf } from "../configuration/settings.ts";
import type { Repertoire } from "./gate.ts";
import type { ListenerPlan } from "./listener.ts";
import { isLoopback } from "./loopback.ts";
import { type Candidate, HTTP } from "./reception.ts";

/** The listeners that a configuration asks for. A port that is named for several protocols is one listener. */
export function planListeners(
  configuration: Configuration,
  protocols: (listener?: Sections) => readonly Protocol[],
): readonly ListenerPlan[] {
  const { host, mqttPort, stompPort, amqpPort, httpPort, listeners } = configuration;
  const repertoire = repertoireOf(protocols());
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
    plans.push({ ...repertoire(speaks, name), host, port, speaks, tls: undefined, setting });
  }
  for (const [at, spec] of listeners.entries()) {
    const speaks = spec.protocols ?? SPOKEN;
    const { port, tls } = spec;
    const setting = `listeners[${at}].port`;
    const chosen = hasSections(spec) ? repertoireOf(protocols(spec)) : repertoire;
    plans.push({
      ...chosen(speaks, spec.protocols?.[0]),
      host: spec.host ?? host,
      port,
      speaks,
      tls,
      setting,
    });
  }
  return plans;
}

function hasSections({ mqtt, stomp, amqp }: Sections): boolean {
  return mqtt !== undefined || stomp !== undefined || amqp !== undefined;
}

function repertoireOf(
  protocols: readonly Protocol[],
): (speaks: readonly Spoken[], fallback: Spoken | undefined) => Repertoire {
  const known: readonly Candidate[] = [...protocols, HTTP];
  return (speaks, fallback) => {
    const narrowed = protocols.filter(({ name }) => speaks.some((spoken) => spoken === name));
    return {
      candidates: speaks.flatMap((name) => known.find((one) => one.name === name) ?? []),
      fallback: known.find((one) => one.name === fallback),
      // A listener for HTTP alone is there for WebSocket: there is nothing else that it could mean.
      overWebSocket: narrowed.length > 0 ? narrowed : protocols,
    };
  };
}

/** Whether other machines can reach any of them. */
export function isExposed({ host, listeners, ...ports }: Configuration): boolean {
  const { mqttPort, stompPort, amqpPort, httpPort } = ports;
  const isOpen = [mqttPort, stompPort, amqpPort, httpPort].some((port) => port !== "off");
  const hosts = [...(isOpen ? [host] : []), ...listeners.map((listener) => listener.host ?? host)];
  return !hosts.every(isLoopback);
}
