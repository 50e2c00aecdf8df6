import { Message, TOPIC_SPACE, type VirtualHost } from "@dragoman/core";
import { MQTT_5_PROPERTIES } from "../translation/property-codec.ts";
import { SystemFigures, type SystemSource } from "./system-figures.ts";

/** How `$SYS` is told. */
export interface SystemTerms {
  /** Seconds between two tellings; 0 for never. */
  readonly interval: number;
  /** Patterns of other protocols that begin with a wildcard select it too. */
  readonly toAll: boolean;
}

const noProperties = Buffer.alloc(0);

const told = new WeakSet<VirtualHost>();

/**
 * Publishes `$SYS` in one virtual host: retained, by QoS 0, and each topic only when its value has changed. It is told
 * once, whichever listener's options ask for it first.
 */
export function tellSystem(source: SystemSource, { interval, toAll }: SystemTerms): void {
  const { broker, vhost } = source;
  if (interval === 0 || told.has(vhost)) return;
  told.add(vhost);
  const figures = new SystemFigures(source);
  const known = new Map<string, string>();
  const tell = (): void => {
    for (const [name, value] of figures.read(interval)) {
      if (known.get(name) === value) continue;
      known.set(name, value);
      const message = toMessage(name, value, vhost);
      if (toAll) vhost.publish(message);
      else vhost.announce(message);
    }
    broker.timers.at(broker.clock.now() + interval * 1_000, tell);
  };
  tell();
}

function toMessage(name: string, value: string, vhost: VirtualHost): Message {
  return new Message({
    exchange: TOPIC_SPACE,
    topic: vhost.topics.fromPath(`$SYS/broker/${name}`),
    body: Buffer.from(value),
    publisher: {
      protocol: "mqtt",
      version: "5.0",
      connectionId: "$SYS",
      clientId: "$SYS",
      user: "$SYS",
      peer: "",
    },
    receivedAtMs: vhost.timers.now(),
    durable: false,
    qos: 0,
    retain: true,
    codec: MQTT_5_PROPERTIES,
    raw: noProperties,
  });
}
