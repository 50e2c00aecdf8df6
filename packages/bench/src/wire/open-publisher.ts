import type { Flow, Ports } from "../flow.ts";
import type { Link } from "../load/link.ts";
import { callAmqp, openAmqp, publishFrames } from "./amqp.ts";
import { AmqpReader } from "./amqp-reader.ts";
import { openMqtt, publishFrame } from "./mqtt.ts";
import { MqttReader } from "./mqtt-reader.ts";
import { openStomp, sendFrame } from "./stomp.ts";
import type { PublisherWire } from "./wire.ts";

/** Connects one publisher. @param heard called for each chunk of confirmations */
export async function openPublisher(
  flow: Flow,
  ports: Ports,
  number: number,
  heard: () => void,
): Promise<PublisherWire> {
  const { from } = flow;
  const webSocket = from.webSocket ?? false;
  const port = portOf(ports, webSocket ? "webSocket" : from.protocol);
  switch (from.protocol) {
    case "mqtt": {
      const version = from.version ?? 4;
      const link = await openMqtt(port, { clientId: `p${number}`, version, durable: false, webSocket });
      const reader = listen(link, new MqttReader(link, undefined, 0, heard));
      return wire(link, from.qos > 0 ? reader : undefined, (topic, body) =>
        publishFrame(topic, body, from.qos, version),
      );
    }
    case "amqp": {
      const link = await openAmqp(port, webSocket);
      if (from.confirm) await callAmqp(link, [85, 10, 11], [Buffer.from([0])]);
      const reader = listen(link, new AmqpReader(link, undefined, "none", heard));
      const exchange = flow.address === "queue" ? "" : "amq.topic";
      return wire(link, from.confirm ? reader : undefined, (key, body) =>
        publishFrames(exchange, key, body, from.persistent),
      );
    }
    case "stomp": {
      const link = await openStomp(port, webSocket);
      return wire(link, undefined, sendFrame);
    }
  }
}

export function portOf(ports: Ports, name: keyof Ports): number {
  const port = ports[name];
  if (port === undefined) throw new Error(`this broker has no port for ${name}`);
  return port;
}

function listen<R extends MqttReader | AmqpReader>(link: Link, reader: R): R {
  link.read(reader.read);
  return reader;
}

function wire(
  link: Link,
  reader: { readonly confirmed: number } | undefined,
  encode: PublisherWire["encode"],
): PublisherWire {
  return {
    link,
    encode,
    get confirmed(): number | undefined {
      return reader?.confirmed;
    },
  };
}
