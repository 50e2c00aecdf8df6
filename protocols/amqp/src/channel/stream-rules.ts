import type { Delivery, Queue, QueueOptions, VirtualHost } from "@dragoman/core";
import { AmqpError } from "../codec/amqp-error.ts";
import type { BasicConsume } from "../codec/methods/basic.generated.ts";
import { queueText } from "./lookup.ts";

/*
 * What RabbitMQ's streams refuse, in its words. A log keeps what was read: nothing can be taken out, given back or
 * put elsewhere, and a reader must say how much it can take. RabbitMQ, "Streams: Feature Comparison"
 */

/** @throws AmqpError "precondition-failed" for a stream that would not outlive its readers */
export function refuseStreamOptions(subject: string, options: QueueOptions, isNamed: boolean): void {
  if (options.kind !== "stream") return;
  if (!isNamed) {
    throw new AmqpError(
      "precondition-failed",
      "Cannot declare a server-named queue for type rabbit_stream_queue",
    );
  }
  if (options.autoDelete) throw invalidProperty("auto-delete", subject);
  if (options.exclusive) throw invalidProperty("exclusive-owner", subject);
  if (!options.durable) throw invalidProperty("non-durable", subject);
}

/**
 * @param prefetch deliveries that the consumer may hold
 * @throws AmqpError "precondition-failed" without a prefetch, "not-implemented" without acknowledgements
 */
export function refuseStreamConsumer(
  vhost: VirtualHost,
  queue: Queue,
  method: BasicConsume,
  prefetch: number,
): void {
  if (queue.options.kind !== "stream") return;
  const subject = queueText(vhost, queue.name);
  if (prefetch === Number.POSITIVE_INFINITY) {
    throw new AmqpError("precondition-failed", `consumer prefetch count is not set for '${subject}'`);
  }
  if (method.noAck) throw unsupported("automatic acknowledgement", subject);
}

/** @throws AmqpError "not-implemented" */
export function refuseOnStream(vhost: VirtualHost, queue: Queue, method: "basic.get" | "queue.purge"): void {
  if (queue.options.kind === "stream") throw unsupported(method, queueText(vhost, queue.name));
}

/** Why these deliveries cannot be refused: one of them came from a stream. */
export function rejectionFault(
  vhost: VirtualHost,
  taken: readonly (readonly [number, Delivery])[],
): AmqpError | undefined {
  const [, delivery] = taken.find(([, { offset }]) => offset !== undefined) ?? [];
  return delivery && unsupported("basic.nack and basic.reject", queueText(vhost, delivery.queueName));
}

function invalidProperty(property: string, subject: string): AmqpError {
  return new AmqpError("precondition-failed", `invalid property '${property}' for ${subject}`);
}

function unsupported(what: string, subject: string): AmqpError {
  return new AmqpError("not-implemented", `${what} not supported by stream queues ${subject}`);
}
