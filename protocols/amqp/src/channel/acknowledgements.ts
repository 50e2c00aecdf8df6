import type { Delivery, Settlement, Taken, Unsettled, VirtualHost } from "@dragoman/core";
import { AmqpError } from "../codec/amqp-error.ts";
import type {
  BasicAck,
  BasicNack,
  BasicRecover,
  BasicRecoverAsync,
  BasicReject,
} from "../codec/methods/basic.generated.ts";
import type { ChannelContext } from "./context.ts";
import { rejectionFault } from "./stream-rules.ts";
import type { ChannelTransaction } from "./channel-transaction.ts";

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
    const taken = takeNamed({ vhost: channel.vhost, unsettled }, tag, multiple, settlement);
    if (transaction === undefined) for (const [, delivery] of taken) delivery.settle(settlement);
    else transaction.settle(taken, settlement);
  }
}

/**
 * Takes out the deliveries that an acknowledgement names, to be settled so.
 *
 * @throws AmqpError "precondition-failed" for a tag that waits for nothing, "not-implemented" when one that came from a
 *   stream is refused; then all of them wait as before
 */
export function takeNamed(
  { vhost, unsettled }: { readonly vhost: VirtualHost; readonly unsettled: Unsettled },
  tag: number,
  multiple: boolean,
  settlement: Settlement,
): readonly Taken[] {
  const taken: readonly Taken[] = multiple ? takeUpTo(unsettled, tag) : [[tag, takeOne(unsettled, tag)]];
  const fault = settlement === "accepted" ? undefined : rejectionFault(vhost, taken);
  if (fault === undefined) return taken;
  unsettled.putBack(taken);
  throw fault;
}

/**
 * Takes out the one that a basic.ack, nack or reject names.
 *
 * @throws AmqpError "precondition-failed" for a tag that waits for nothing. AMQP 0-9-1 §1.8.3.13
 */
export function takeOne(unsettled: Unsettled, tag: number): Delivery {
  const delivery = unsettled.takeOne(tag);
  if (delivery === undefined) throw unknownTag(tag);
  return delivery;
}

/** As `takeOne`, with all that were sent before it; tag 0 stands for all there are. */
function takeUpTo(unsettled: Unsettled, tag: number): readonly Taken[] {
  if (tag === 0) return unsettled.takeAll();
  const taken = unsettled.takeUpTo(tag);
  if (taken.length === 0) throw unknownTag(tag);
  return taken;
}

function unknownTag(tag: number): AmqpError {
  return new AmqpError("precondition-failed", `unknown delivery tag ${tag}`);
}

/** "basic.recover with requeue=false" in RabbitMQ's errata: no message stays with its consumer. */
function recover(unsettled: Unsettled, requeue: boolean): void {
  if (!requeue) throw new AmqpError("not-implemented", "requeue=false");
  for (const [, delivery] of unsettled.takeAll()) delivery.settle("released");
}
