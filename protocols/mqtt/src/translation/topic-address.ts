import {
  type Address,
  BrokerError,
  DEFAULT_EXCHANGE,
  type Message,
  Topic,
  TOPIC_REPLY_PREFIX,
  TOPIC_SPACE,
  tradeSeparators,
  type VirtualHost,
} from "@dragoman/core";
import type { Mounts } from "./mounts.ts";

/** Where a PUBLISH goes. */
export interface Target {
  readonly exchange: string;
  readonly topic: Topic;
}

const queuePrefix = "$queue/";
const exchangePrefix = "$exchange/";
const replyPrefix = "$reply/";

/**
 * The target of a Topic Name: the topic space, or what our own prefixes stand for.
 *
 * @param owner the session that publishes: a reply address is its own only
 * @throws BrokerError "not-authorized" for `$SYS` and for a reply address that is not the owner's, "bad-address"
 *   for a prefix with nothing behind it
 */
export function targetOf(name: string, vhost: VirtualHost, owner: object, mounts: Mounts): Target {
  if (!name.startsWith("$")) {
    const { exchange, rest } = mounts.find(name);
    return { exchange, topic: vhost.topics.fromPath(rest) };
  }
  if (name === "$SYS" || name.startsWith("$SYS/")) {
    throw new BrokerError("not-authorized", "$SYS belongs to the broker");
  }
  if (name.startsWith("$share/")) throw new BrokerError("bad-address", `${name} is a filter, not a topic`);
  if (!name.startsWith(replyPrefix)) return toTarget(addressOf(name), vhost);
  const reply = vhost.replies.resolve(name.slice(replyPrefix.length), owner);
  if (reply === undefined) throw new BrokerError("not-authorized", "no such reply address");
  return toTarget(reply, vhost);
}

/**
 * The address that a Topic Name stands for, without asking whether it exists.
 *
 * @throws BrokerError "bad-address" for a prefix with nothing behind it
 */
export function addressOf(name: string): Address {
  if (name.startsWith(queuePrefix)) {
    const queue = name.slice(queuePrefix.length);
    if (queue === "") throw new BrokerError("bad-address", `${name} names no queue`);
    return { kind: "queue", name: queue };
  }
  if (!name.startsWith(exchangePrefix)) return { kind: "topic", topic: new Topic(name) };
  const slash = name.indexOf("/", exchangePrefix.length);
  const exchange = slash < 0 ? "" : name.slice(exchangePrefix.length, slash);
  if (exchange === "") throw new BrokerError("bad-address", `${name} is not $exchange/<exchange>/<key>`);
  return { kind: "exchange", exchange, topic: new Topic(tradeSeparators(name.slice(slash + 1))) };
}

function toTarget(address: Address, vhost: VirtualHost): Target {
  switch (address.kind) {
    case "topic":
      return { exchange: TOPIC_SPACE, topic: vhost.topics.fromPath(address.topic.path) };
    case "queue":
      return { exchange: DEFAULT_EXCHANGE, topic: vhost.topics.fromKey(address.name) };
    case "exchange":
      break;
  }
  return { exchange: address.exchange, topic: vhost.topics.fromPath(address.topic.path) };
}

/**
 * The Topic Name under which a message leaves; undefined when MQTT has no name for its topic. Characters that a
 * Topic Name cannot have leave as `%HH`.
 */
export function topicNameOf({ exchange, topic }: Message, mounts: Mounts): string | undefined {
  if (exchange === TOPIC_SPACE) return topic.path === "" ? undefined : nameable(topic.path);
  if (exchange === DEFAULT_EXCHANGE && topic.key.startsWith(TOPIC_REPLY_PREFIX)) {
    // An answer of a client that can name queues only, to the topic that this queue's name stands for.
    return nameable(tradeSeparators(topic.key.slice(TOPIC_REPLY_PREFIX.length)));
  }
  const prefix = mounts.prefixOf(exchange);
  if (prefix !== undefined) return nameable(prefix + topic.path);
  return nameable(
    exchange === DEFAULT_EXCHANGE ? queuePrefix + topic.key : `${exchangePrefix}${exchange}/${topic.key}`,
  );
}

/** The topic under which an answer can be published; undefined when only a token can stand for it. */
export function responseTopicOf(address: Address): string | undefined {
  return address.kind === "topic" && address.topic.path !== "" ? nameable(address.topic.path) : undefined;
}

/** The Response Topic for an address that MQTT cannot name: only `owner` may publish there. */
export function issueReplyTopic(address: Address, vhost: VirtualHost, owner: object): string {
  return replyPrefix + vhost.replies.issue(address, owner);
}

function nameable(name: string): string {
  if (!name.includes("+") && !name.includes("#") && !name.includes("\0")) return name;
  return name.replaceAll("+", "%2B").replaceAll("#", "%23").replaceAll("\0", "%00");
}
