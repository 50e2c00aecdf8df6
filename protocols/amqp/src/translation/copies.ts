import { findHeader, type Headers, type Message } from "@dragoman/core";
import { PropertyList } from "../codec/property-list.ts";
import { textOf } from "./arguments.ts";
import { AMQP_PROPERTIES } from "./property-codec.ts";
import { CC } from "./reserved-headers.ts";

/**
 * The routing key that the publisher gave. Each copy of a message with CC carries the topic that it was
 * routed by, but RabbitMQ's clients expect the publisher's own key on all of them.
 */
export function publishedKey(message: Message): string {
  const { topic, copies } = message;
  if (copies === undefined || message.codec !== AMQP_PROPERTIES) return topic.key;
  const cc = carbonCopies(new PropertyList(message.raw).headers ?? []);
  return publishedFirst([topic.key, ...copies.map(({ key }) => key)], cc)[0] ?? topic.key;
}

/**
 * The publisher's own key, then those of CC. Keys of BCC are nobody's business.
 *
 * @param keys of one copy: its own first, then the others in the order of the publisher
 * @param cc the keys that the message shows in its CC
 */
export function publishedFirst(keys: readonly string[], cc: readonly string[]): string[] {
  const [own = "", next] = keys;
  const published = next !== undefined && cc.includes(own) && !cc.includes(next) ? next : own;
  return [published, ...keys.filter((key) => key !== published && cc.includes(key))];
}

/** The keys in a CC header. */
export function carbonCopies(headers: Headers): string[] {
  const value = findHeader(headers, CC);
  if (value?.type !== "array") return [];
  return value.value.map(textOf).filter((key) => key !== undefined);
}
