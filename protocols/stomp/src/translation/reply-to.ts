import { type Address, type ReplyTo, Topic, TOPIC_REPLY_PREFIX, tradeSeparators } from "@dragoman/core";
import {
  type Destination,
  exchangeDestinationText,
  parseDestination,
  topicDestinationText,
} from "./destination.ts";
import { encodePercent } from "./percent-encoding.ts";
import { topicPath } from "./topic-spelling.ts";

/** The destination to which an answer for a queue of another protocol, or of one connection, is sent. */
export function replyQueueText(queue: string): string {
  return `/reply-queue/${encodePercent(queue)}`;
}

/** What a reply-to header stands for. Text that is no destination of ours is kept, but leads nowhere. */
export function readReplyTo(raw: string): ReplyTo {
  let destination: Destination;
  try {
    destination = parseDestination(raw);
    return { raw, address: addressOf(destination) };
  } catch {
    return { raw, address: undefined };
  }
}

/** The reply-to header for an address that came in another protocol; undefined when STOMP cannot reach it. */
export function writeReplyTo({ address }: ReplyTo): string | undefined {
  switch (address?.kind) {
    case undefined:
      return undefined;
    case "topic":
      return topicDestinationText(address.topic.path, "/topic/", "slash");
    case "queue":
      return replyQueueText(address.name);
    case "exchange":
      return exchangeDestinationText(address.exchange, address.topic.key);
  }
}

function addressOf(destination: Destination): Address | undefined {
  switch (destination.kind) {
    case "topic":
      return { kind: "topic", topic: new Topic(topicPath(destination.text)) };
    case "queue":
    case "amq-queue":
      return { kind: "queue", name: destination.name };
    case "reply-queue":
      return destination.name.startsWith(TOPIC_REPLY_PREFIX)
        ? { kind: "topic", topic: topicOfKey(destination.name.slice(TOPIC_REPLY_PREFIX.length)) }
        : { kind: "queue", name: destination.name };
    case "exchange":
      return {
        kind: "exchange",
        exchange: destination.exchange,
        topic: topicOfKey(destination.key ?? ""),
      };
    case "temp-queue":
      // Only its own connection knows which queue that is, and has written it in by now.
      return undefined;
  }
}

function topicOfKey(key: string): Topic {
  return new Topic(tradeSeparators(key));
}
