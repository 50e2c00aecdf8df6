import type { Topic } from "./topic.ts";

/** Where a message can be sent, by whichever protocol. */
export type Address =
  /** The topic space. */
  | { readonly kind: "topic"; readonly topic: Topic }
  /** A queue, or a mailbox, by its name. */
  | { readonly kind: "queue"; readonly name: string }
  | { readonly kind: "exchange"; readonly exchange: string; readonly topic: Topic };

/** The exchange whose routing keys are the names of queues. */
export const DEFAULT_EXCHANGE = "";

/** The exchange that is the topic space: MQTT's topics and STOMP's `/topic/…` are its topics. */
export const TOPIC_SPACE = "amq.topic";

/**
 * Queue names with this prefix stand for a topic: a reply to a topic can be sent by a client that knows
 * queues only. The rest is the topic's routing key.
 */
export const TOPIC_REPLY_PREFIX = "amq.gw.t.";
