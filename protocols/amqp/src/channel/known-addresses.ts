import { GenerationCache, type Message, type Topic } from "@dragoman/core";
import { DeliverTemplate } from "../codec/deliver-template.ts";
import { shownAddress } from "./delivered.ts";

/** Addresses that a consumer's deliveries have come from lately: those that are remembered. */
const REMEMBERED_ADDRESSES = 128;

/** Templates for the addresses of one consumer's deliveries: the next one probably has the address of the last. */
export class KnownAddresses {
  readonly #channel: number;
  readonly #consumerTag: string;
  #exchange: string | undefined;
  #topic: Topic | undefined;
  #template: DeliverTemplate | undefined;
  /** Of the exchange above. */
  #others: GenerationCache<Topic, DeliverTemplate> | undefined;

  constructor(channel: number, consumerTag: string) {
    this.#channel = channel;
    this.#consumerTag = consumerTag;
  }

  templateFor(message: Message): DeliverTemplate {
    const { exchange, topic, copies } = message;
    // The key that is shown of a message with copies depends on more than its topic.
    if (copies !== undefined) return this.#make(message);
    if (this.#template !== undefined && topic === this.#topic && exchange === this.#exchange) {
      return this.#template;
    }
    if (exchange !== this.#exchange) this.#others = undefined;
    this.#exchange = exchange;
    this.#topic = topic;
    this.#template = this.#found(message);
    return this.#template;
  }

  #found(message: Message): DeliverTemplate {
    const known = this.#others?.get(message.topic);
    if (known !== undefined) return known;
    const made = this.#make(message);
    if (this.#template !== undefined && !message.topic.isFleeting) {
      this.#others ??= new GenerationCache(REMEMBERED_ADDRESSES);
      this.#others.set(message.topic, made);
    }
    return made;
  }

  #make(message: Message): DeliverTemplate {
    const { routingKey } = shownAddress(message);
    return new DeliverTemplate(this.#channel, this.#consumerTag, message.exchange, routingKey);
  }
}
