import type { Broker } from "../broker.ts";
import type { Client } from "../client.ts";
import type { ConsumerOptions } from "../consumer.ts";
import { CORE_PROPERTIES } from "../core-properties.ts";
import { Message, type MessageFields } from "../message.ts";
import type { QueueOptions } from "../queue-options.ts";

/** A queue without any option. */
export const PLAIN_QUEUE: QueueOptions = { durable: false, exclusive: false, autoDelete: false };

/** A consumer without any limit, that settles what it gets. */
export const PLAIN_CONSUMER: ConsumerOptions = {
  tag: "test",
  autoSettle: false,
  exclusive: false,
  priority: 0,
};

/** Logs in to the default virtual host. */
export function connectTestClient(broker: Broker, clientId?: string): Promise<Client> {
  return broker.connect({
    credentials: { kind: "anonymous" },
    virtualHost: "/",
    protocol: "core",
    version: "1",
    clientId,
    peer: "test:1",
    isLoopback: true,
  });
}

/** A message of that client with `text` for a body; it is stamped with the time of the broker's clock. */
export function makeTestMessage(
  client: Client,
  to: { readonly exchange?: string; readonly key: string; readonly text?: string },
  more: Partial<MessageFields> = {},
): Message {
  return new Message({
    exchange: to.exchange ?? "",
    topic: client.vhost.topics.fromKey(to.key),
    body: Buffer.from(to.text ?? "body"),
    publisher: client.publisher,
    receivedAtMs: client.vhost.timers.now(),
    durable: false,
    codec: CORE_PROPERTIES,
    raw: new Uint8Array(),
    ...more,
  });
}
