import type { Consumer } from "./consumer.ts";
import type { Delivery } from "./delivery.ts";
import type { LogEntry } from "./engine.ts";
import type { Message } from "./message.ts";

/** The stream's side of a delivery, as far as the delivery may know it. */
export interface StreamDeliveryOwner {
  readonly name: string;
  deliverySettled(): void;
}

/** A message of a stream in a consumer's hands. However it is settled, it stays where it is. */
export class StreamDelivery implements Delivery {
  readonly message: Message;
  readonly queueName: string;
  readonly subscriptions = undefined;
  readonly redelivered = false;
  readonly deliveryCount = 0;
  readonly offset: number;
  readonly #owner: StreamDeliveryOwner;
  /** Whose windows it takes; undefined when it is settled. */
  #consumer: Consumer | undefined;

  constructor(owner: StreamDeliveryOwner, consumer: Consumer | undefined, { message, position }: LogEntry) {
    this.#owner = owner;
    this.#consumer = consumer;
    this.queueName = owner.name;
    this.message = message;
    this.offset = position - 1;
  }

  settle(): void {
    const consumer = this.#consumer;
    if (consumer === undefined) return;
    this.#consumer = undefined;
    this.#owner.deliverySettled();
    consumer.release();
  }
}
