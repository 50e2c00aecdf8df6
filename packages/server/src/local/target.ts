import { type Address, DEFAULT_EXCHANGE, type Topic, TOPIC_SPACE, type TopicTable } from "@dragoman/core";

/** Where a message goes. */
export type Target =
  /** A topic as MQTT writes it: levels joined by "/". */
  | { readonly topic: string }
  | { readonly queue: string }
  | { readonly exchange: string; readonly routingKey: string };

export function resolveTarget(
  target: Target,
  topics: TopicTable,
): { readonly exchange: string; readonly topic: Topic } {
  if ("topic" in target) return { exchange: TOPIC_SPACE, topic: topics.fromPath(target.topic) };
  if ("queue" in target) return { exchange: DEFAULT_EXCHANGE, topic: topics.fromKey(target.queue) };
  return { exchange: target.exchange, topic: topics.fromKey(target.routingKey) };
}

export function toAddress(target: Target, topics: TopicTable): Address {
  if ("topic" in target) return { kind: "topic", topic: topics.fromPath(target.topic) };
  if ("queue" in target) return { kind: "queue", name: target.queue };
  return { kind: "exchange", exchange: target.exchange, topic: topics.fromKey(target.routingKey) };
}

export function toTarget(address: Address): Target {
  switch (address.kind) {
    case "topic":
      return { topic: address.topic.path };
    case "queue":
      return { queue: address.name };
    case "exchange":
      return { exchange: address.exchange, routingKey: address.topic.key };
  }
}
