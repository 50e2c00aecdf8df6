import { DEFAULT_EXCHANGE, type Message, TOPIC_SPACE } from "@dragoman/core";
import {
  type Destination,
  exchangeDestinationText,
  queueDestinationText,
  topicDestinationText,
} from "./destination.ts";

/**
 * Spells where a message was sent to in the words of one subscription: its prefix, its style for topics, its own
 * text for the queue that it named. What is sent to the answer reaches the same place.
 */
export class DestinationSpelling {
  readonly #subscribed: Destination;
  readonly #text: string;
  /** The same for subscriptions that spell every destination alike. */
  readonly manner: string;

  /** @param text the destination header of the subscription */
  constructor(subscribed: Destination, text: string) {
    this.#subscribed = subscribed;
    this.#text = text;
    this.manner = mannerOf(subscribed, text);
  }

  of({ exchange, topic }: Message): string {
    const subscribed = this.#subscribed;
    if (exchange === DEFAULT_EXCHANGE) {
      return "name" in subscribed && (subscribed.name === topic.key || subscribed.kind === "temp-queue")
        ? this.#text
        : queueDestinationText(topic.key);
    }
    if (exchange === TOPIC_SPACE && subscribed.kind !== "exchange") {
      return subscribed.kind === "topic"
        ? topicDestinationText(topic.path, subscribed.prefix, subscribed.style)
        : topicDestinationText(topic.path, "/topic/", "dot");
    }
    return exchangeDestinationText(exchange, topic.key);
  }
}

function mannerOf(subscribed: Destination, text: string): string {
  if (subscribed.kind === "topic") return `topic ${subscribed.style} ${subscribed.prefix}`;
  return subscribed.kind === "exchange" ? "exchange" : `queue ${text}`;
}
