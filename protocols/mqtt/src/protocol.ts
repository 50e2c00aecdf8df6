import type { Broker, Connection, Protocol, Transport } from "@dragoman/core";
import { MqttConnection } from "./connection/connection.ts";
import { MqttContext } from "./connection/context.ts";
import { SessionStates } from "./connection/session-states.ts";
import { defaultOptions, type MqttOptions } from "./connection/options.ts";

/** MQTT 3.1, 3.1.1 and 5.0. What `options` leaves out has its default. */
export function mqttProtocol(options: Partial<MqttOptions> = {}): Protocol {
  const all: MqttOptions = { ...defaultOptions, ...options };
  const contexts = new WeakMap<Broker, MqttContext>();
  return {
    name: "mqtt",
    subprotocols: ["mqtt", "mqttv3.1"],
    // [MQTT-6.0.0-1], MQTT 3.1.1 [MQTT-6.0-1]
    isBinaryOnly: true,
    recognises,
    resume: (broker: Broker) => void SessionStates.ofBroker(broker),
    accept(transport: Transport, broker: Broker): Connection {
      let context = contexts.get(broker);
      if (context === undefined) contexts.set(broker, (context = new MqttContext(broker, all)));
      return new MqttConnection(transport, context);
    },
  };
}

/** A stream of MQTT begins with a CONNECT: its first byte, a length, and the name of the protocol. */
function recognises(firstBytes: Uint8Array): "yes" | "no" | "unclear" {
  if (firstBytes.length === 0) return "unclear";
  if (firstBytes[0] !== 0x10) return "no";
  let at = 1;
  while ((firstBytes[at] ?? 0) > 0x7f && at < 5) at++;
  return isNameless(at, firstBytes[at]) ? "yes" : recognisesName(firstBytes.subarray(at + 1, at + 5));
}

/** A length over four bytes, or too small for a name: a broken CONNECT and no more to wait for. */
function isNameless(lengthBytes: number, lastLengthByte: number | undefined): boolean {
  return lengthBytes === 5 || (lengthBytes === 1 && lastLengthByte !== undefined && lastLengthByte < 4);
}

/** @param name up to four bytes behind the first packet's fixed header */
function recognisesName(name: Uint8Array): "yes" | "no" | "unclear" {
  // The length of the name, 4 or 6, and the letters "MQ" that both names begin with.
  const expected: readonly (readonly number[])[] = [[0], [4, 6], [0x4d], [0x51]];
  for (const [index, byte] of name.entries()) if (expected[index]?.includes(byte) !== true) return "no";
  return name.length < 4 ? "unclear" : "yes";
}
