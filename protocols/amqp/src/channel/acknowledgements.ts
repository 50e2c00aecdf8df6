import type { Settlement } from "@dragoman/core";
import { AmqpError } from "../codec/amqp-error.ts";
import type {
  BasicAck,
  BasicGet,
  BasicNack,
  BasicRecover,
  BasicRecoverAsync,
  BasicReject,
} from "../codec/methods/basic.generated.ts";
import type { ChannelContext } from "./context.ts";
import { deliveredProperties, shownAddress } from "./delivered.ts";
import { expandQueueName, findQueue } from "./lookup.ts";
import { refuseOnStream, refuseRejection } from "./stream-rules.ts";
import type { ChannelTransaction } from "./channel-transaction.ts";
import type { Taken, Unsettled } from "./unsettled.ts";

export type AcknowledgementMethod = BasicAck | BasicNack | BasicReject | BasicRecover | BasicRecoverAsync;

/** What a client does with its deliveries; within a transaction it takes effect with the commit. */
export function acknowledge(
  channel: ChannelContext,
  unsettled: Unsettled,
  transaction: ChannelTransaction | undefined,
  method: AcknowledgementMethod,
): void {
  switch (method.name) {
    case "basic.ack":
      return settle(method.deliveryTag, method.multiple, "accepted");
    case "basic.nack":
      return settle(method.deliveryTag, method.multiple, method.requeue ? "released" : "rejected");
    case "basic.reject":
      return settle(method.deliveryTag, false, method.requeue ? "released" : "rejected");
    case "basic.recover":
      recover(unsettled, method.requeue);
      channel.send({ name: "basic.recover-ok" });
      return;
    case "basic.recover-async":
      return recover(unsettled, method.requeue);
  }

  function settle(tag: number, multiple: boolean, settlement: Settlement): void {
    const taken: Taken[] = multiple ? unsettled.takeUpTo(tag) : [[tag, unsettled.takeOne(tag)]];
    if (settlement !== "accepted") refuseRejection(channel.vhost, taken);
    if (transaction === undefined) for (const [, delivery] of taken) delivery.settle(settlement);
    else transaction.settle(taken, settlement);
  }
}

/** "basic.recover with requeue=false" in RabbitMQ's errata: no message stays with its consumer. */
function recover(unsettled: Unsettled, requeue: boolean): void {
  if (!requeue) throw new AmqpError("not-implemented", "requeue=false");
  for (const [, delivery] of unsettled.takeAll()) delivery.settle("released");
}

/**
 * One message without a consumer, past every window. AMQP 0-9-1 §1.8.3.10
 *
 * @returns a promise when the head of a long queue is still being read from the disk
 */
export function get(
  channel: ChannelContext,
  unsettled: Unsettled,
  method: BasicGet,
): Promise<void> | undefined {
  const { client, number, outbox, vhost } = channel;
  const queue = findQueue(channel, expandQueueName(channel, method.queue));
  refuseOnStream(vhost, queue, "basic.get");
  const delivery = client.get(queue.name);
  if (delivery === undefined) {
    if (queue.messageCount > 0) return queue.whenReadable().then(() => get(channel, unsettled, method));
    channel.send({ name: "basic.get-empty" });
    return undefined;
  }
  const { message, redelivered } = delivery;
  const deliveryTag = method.noAck ? unsettled.nextTag() : unsettled.add(delivery);
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
