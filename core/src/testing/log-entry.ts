import { CORE_PROPERTIES } from "../core-properties.ts";
import type { LogEntry } from "../engine.ts";
import { Message } from "../message.ts";
import { TopicTable } from "../topic.ts";

const topic = new TopicTable().fromPath("a/b");
const publisher = { protocol: "core", version: "1", connectionId: "c", clientId: "c", user: "u", peer: "p" };

/** An entry of lane 0 as a queue hands it to its log. */
export function makeTestEntry(position: number, body: string, more: Partial<LogEntry> = {}): LogEntry {
  const message = new Message({
    exchange: "amq.topic",
    topic,
    body: Buffer.from(body),
    publisher,
    receivedAtMs: 1_800_000_000_000,
    durable: true,
    codec: CORE_PROPERTIES,
    raw: new Uint8Array(),
  });
  const plain = { via: undefined, expiresAtMs: undefined, deliveryCount: 0, reference: 0 };
  return { lane: 0, position, message, ...plain, ...more };
}
