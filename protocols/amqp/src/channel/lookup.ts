import type { Exchange, Queue, VirtualHost } from "@dragoman/core";
import { AmqpError } from "../codec/amqp-error.ts";
import type { ChannelContext } from "./context.ts";

/** RabbitMQ's words for a queue, which applications look for in reply texts. */
export function queueText(vhost: VirtualHost, name: string): string {
  return `queue '${name}' in vhost '${vhost.name}'`;
}

export function exchangeText(vhost: VirtualHost, name: string): string {
  return `exchange '${name}' in vhost '${vhost.name}'`;
}

/** Line ends are no part of a name, as in RabbitMQ: they come from clients that read names from files. */
export function nameOf(name: string): string {
  return name.replaceAll(/[\r\n]/g, "");
}

/**
 * The name that a method means: an empty one is the queue declared last on this channel.
 *
 * @throws AmqpError "not-found" when there is none
 */
export function expandQueueName({ currentQueue }: ChannelContext, name: string): string {
  if (name !== "") return nameOf(name);
  if (currentQueue === undefined) throw new AmqpError("not-found", "no previously declared queue");
  return currentQueue;
}

/** @throws AmqpError "not-found", or "resource-locked" for another connection's exclusive queue */
export function findQueue({ vhost, client }: ChannelContext, name: string): Queue {
  const queue = vhost.topology.queues.get(name);
  if (queue === undefined) throw new AmqpError("not-found", `no ${queueText(vhost, name)}`);
  if (queue.owner !== undefined && queue.owner !== client) throw lockedQueue(vhost, name);
  return queue;
}

export function lockedQueue(vhost: VirtualHost, name: string): AmqpError {
  return new AmqpError(
    "resource-locked",
    `cannot obtain exclusive access to locked ${queueText(vhost, name)}. It could be originally declared on ` +
      "another connection or the exclusive property value does not match that of the original declaration.",
  );
}

/** @throws AmqpError "not-found" */
export function findExchange({ vhost }: ChannelContext, name: string): Exchange {
  const exchange = vhost.topology.exchanges.get(name);
  if (exchange === undefined) throw new AmqpError("not-found", `no ${exchangeText(vhost, name)}`);
  return exchange;
}

/** @throws AmqpError "access-refused": clients may publish to the default exchange and nothing else */
export function refuseDefaultExchange(name: string): void {
  if (name === "") throw new AmqpError("access-refused", "operation not permitted on the default exchange");
}

/** @throws AmqpError "access-refused" for a name that only the broker gives. AMQP 0-9-1 §1.7.2.1.2 */
export function refuseReservedName(kind: "queue" | "exchange", name: string): void {
  if (!name.startsWith("amq.")) return;
  throw new AmqpError("access-refused", `${kind} name '${name}' contains reserved prefix 'amq.*'`);
}

/** @throws AmqpError "precondition-failed": a declaration differs from what is there */
export function refuseInequivalent(subject: string, name: string, received: string, current: string): never {
  throw new AmqpError(
    "precondition-failed",
    `inequivalent arg '${name}' for ${subject}: received ${received} but current is ${current}`,
  );
}

/** A name that nobody can guess and no other has. */
export function randomName(prefix: string): string {
  return prefix + Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString("base64url");
}
