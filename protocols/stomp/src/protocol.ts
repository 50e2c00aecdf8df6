import type { Broker, Connection, Protocol, Transport } from "@dragoman/core";
import { StompConnection } from "./connection/connection.ts";
import { defaultStompOptions, type StompOptions } from "./options.ts";
import { MessageEncoder } from "./translation/message-frame.ts";

const LF = 10;
const CR = 13;

/** STOMP 1.0, 1.1 and 1.2. */
export function stompProtocol(options: Partial<StompOptions> = {}): Protocol {
  const all: StompOptions = { ...defaultStompOptions, ...options };
  const encoders = new WeakMap<Broker, MessageEncoder>();
  const encoderOf = (broker: Broker): MessageEncoder => {
    let encoder = encoders.get(broker);
    if (encoder === undefined)
      encoders.set(broker, (encoder = new MessageEncoder(() => broker.clock.now(), all)));
    return encoder;
  };
  return {
    name: "stomp",
    subprotocols: ["v12.stomp", "v11.stomp", "v10.stomp"],
    recognises,
    accept: (transport: Transport, broker: Broker): Connection =>
      new StompConnection(transport, broker, all, encoderOf(broker)),
  };
}

/** A stream of STOMP begins with CONNECT or STOMP on a line of its own; line ends before it do no harm. */
function recognises(firstBytes: Uint8Array): "yes" | "no" | "unclear" {
  let start = 0;
  while (firstBytes[start] === LF || firstBytes[start] === CR) start++;
  const seen = Buffer.from(firstBytes.subarray(start, start + 9)).toString("latin1");
  const isFirst = openings.some((opening) => seen.startsWith(opening));
  if (isFirst) return "yes";
  return openings.some((opening) => opening.startsWith(seen)) ? "unclear" : "no";
}

const openings = ["CONNECT\n", "CONNECT\r\n", "STOMP\n", "STOMP\r\n"] as const;
