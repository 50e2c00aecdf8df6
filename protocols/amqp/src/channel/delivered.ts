import type { Delivery, Message, QueueOptions } from "@dragoman/core";
import { shortened } from "../codec/primitives.ts";
import { publishedKey } from "../translation/copies.ts";
import { propertiesFor, type Receiver, withHeader } from "../translation/delivery-properties.ts";
import { DELIVERY_COUNT, STREAM_OFFSET } from "../translation/reserved-headers.ts";

/** The address that a message shows when it leaves; a routing key that is too long is cut. */
export function shownAddress(message: Message): {
  readonly exchange: string;
  readonly routingKey: string;
} {
  return { exchange: message.exchange, routingKey: shortened(publishedKey(message)) };
}

/**
 * The message's properties; a stream adds the message's place in it, and a queue that counts deliveries the
 * count once a message came back, as RabbitMQ's quorum queues do.
 */
export function deliveredProperties(delivery: Delivery, receiver: Receiver): Uint8Array {
  const properties = propertiesFor(delivery.message, receiver);
  if (delivery.offset !== undefined) {
    return withHeader(properties, [STREAM_OFFSET, { type: "int64", value: BigInt(delivery.offset) }]);
  }
  if (!delivery.redelivered) return properties;
  const queue = receiver.vhost.topology.queues.get(delivery.queueName);
  if (queue === undefined || !countsDeliveries(queue.options)) return properties;
  const count = BigInt(delivery.deliveryCount);
  return withHeader(properties, [DELIVERY_COUNT, { type: "int64", value: count }]);
}

function countsDeliveries({ deliveryLimit, extra }: QueueOptions): boolean {
  return deliveryLimit !== undefined || extra?.includes('"x-queue-type":"quorum"') === true;
}
