import type { Unsettled } from "@dragoman/core";
import type { BasicGet } from "../codec/methods/basic.generated.ts";
import type { ChannelContext } from "./context.ts";
import { deliveredProperties, shownAddress } from "./delivered.ts";
import { expandQueueName, findQueue } from "./lookup.ts";
import { refuseOnStream } from "./stream-rules.ts";

/**
 * One message without a consumer, past every window. AMQP 0-9-1 §1.8.3.10
 *
 * @returns a promise when the head of a long queue is still being read from the disk; who has gone when it is there gets
 *   nothing
 */
export function get(
  channel: ChannelContext,
  unsettled: Unsettled,
  method: BasicGet,
): Promise<void> | undefined {
  const { client, number, outbox, vhost, isOpen } = channel;
  if (!isOpen) return undefined;
  const queue = findQueue(channel, expandQueueName(channel, method.queue));
  refuseOnStream(vhost, queue, "basic.get");
  const delivery = client.get(queue.name);
  if (delivery === undefined) {
    if (queue.messageCount > 0) return queue.whenReadable().then(() => get(channel, unsettled, method));
    channel.send({ name: "basic.get-empty" });
    return undefined;
  }
  const { message, redelivered } = delivery;
  const deliveryTag = method.noAck ? unsettled.nextNumber() : unsettled.add(delivery);
  const { messageCount } = queue;
  outbox.content(
    number,
    { name: "basic.get-ok", deliveryTag, redelivered, ...shownAddress(message), messageCount },
    deliveredProperties(delivery, channel),
    message.body,
  );
  if (method.noAck) delivery.settle("accepted");
  return undefined;
}
