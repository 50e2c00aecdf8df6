import type { Protocol } from "@dragoman/core";
import { PROTOCOL_HEADER } from "./codec/protocol-header.ts";
import { AmqpConnection } from "./connection/connection.ts";
import { type AmqpOptions, DEFAULT_OPTIONS } from "./options.ts";

/** The four letters with which every version begins; of the version itself the connection speaks. */
const LETTERS = PROTOCOL_HEADER.subarray(0, 4);

/** AMQP 0-9-1 with RabbitMQ's extensions. */
export function amqpProtocol(options: Partial<AmqpOptions> = {}): Protocol {
  const complete = { ...DEFAULT_OPTIONS, ...options };
  return {
    name: "amqp",
    subprotocols: ["amqp"],
    recognises(firstBytes) {
      const length = Math.min(firstBytes.length, LETTERS.length);
      for (let at = 0; at < length; at++) if (firstBytes[at] !== LETTERS[at]) return "no";
      return length < LETTERS.length ? "unclear" : "yes";
    },
    accept: (transport, broker) => new AmqpConnection(transport, broker, complete),
  };
}
