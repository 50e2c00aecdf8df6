import { findHeader, type Queue, type QueueOptions, TOPIC_SPACE } from "@dragoman/core";
import { AmqpError } from "../codec/amqp-error.ts";
import type {
  QueueBind,
  QueueDeclare,
  QueueDelete,
  QueuePurge,
  QueueUnbind,
} from "../codec/methods/queue.generated.ts";
import { isTrue } from "../translation/arguments.ts";
import { readBinding } from "../translation/binding-arguments.ts";
import { REPLY_CONSUMER } from "../translation/publication.ts";
import { differingArgument, readQueueArguments } from "../translation/queue-arguments.ts";
import type { ChannelContext } from "./context.ts";
import {
  expandQueueName,
  findExchange,
  findQueue,
  lockedQueue,
  nameOf,
  queueText,
  randomName,
  refuseDefaultExchange,
  refuseInequivalent,
  refuseReservedName,
} from "./lookup.ts";
import { refuseOnStream, refuseStreamOptions } from "./stream-rules.ts";

/** A binding of the topic space with this argument also gets what its topics retain. */
const RETAINED = "x-retained";

type QueueMethod = QueueDeclare | QueueBind | QueueUnbind | QueuePurge | QueueDelete;

/** AMQP 0-9-1 §1.7; resolves when the answer was sent. */
export function handleQueue(channel: ChannelContext, method: QueueMethod): Promise<void> {
  switch (method.name) {
    case "queue.declare":
      if (method.queue.startsWith(REPLY_CONSUMER)) return declareReplies(channel, method);
      return method.passive ? declarePassively(channel, method) : declare(channel, method);
    case "queue.bind":
      return bind(channel, method);
    case "queue.unbind":
      return unbind(channel, method);
    case "queue.purge":
      return purge(channel, method);
    case "queue.delete":
      return remove(channel, method);
  }
}

/**
 * The pseudo-queue of direct reply-to is always there; frameworks look for it so. A name that goes on is the address
 * of one asker, and whoever answers may look whether it is still there.
 */
async function declareReplies(channel: ChannelContext, method: QueueDeclare): Promise<void> {
  const name = nameOf(method.queue);
  if (name !== REPLY_CONSUMER && !channel.vhost.hasMailbox(name)) {
    throw new AmqpError("not-found", `no ${queueText(channel.vhost, name)}`);
  }
  answerDeclare(channel, method, { name, messageCount: 0, consumerCount: 1 });
}

async function declarePassively(channel: ChannelContext, method: QueueDeclare): Promise<void> {
  const name = expandQueueName(channel, method.queue);
  const queue = findQueue(channel, name);
  queue.touch();
  answerDeclare(channel, method, queue);
}

async function declare(channel: ChannelContext, method: QueueDeclare): Promise<void> {
  const name = method.queue === "" ? randomName("amq.gen-") : nameOf(method.queue);
  if (method.queue !== "") refuseReservedName("queue", name);
  const subject = queueText(channel.vhost, name);
  const options = readOptions(method, subject);
  refuseStreamOptions(subject, options, method.queue !== "");
  const existing = channel.vhost.topology.queues.get(name);
  if (existing !== undefined) {
    if (existing.owner !== (options.exclusive ? channel.client : undefined)) {
      throw lockedQueue(channel.vhost, name);
    }
    refuseDifference(subject, existing.options, options);
  }
  answerDeclare(channel, method, await channel.client.declareQueue(name, existing?.options ?? options));
}

function answerDeclare(
  channel: ChannelContext,
  { noWait }: QueueDeclare,
  queue: Pick<Queue, "name" | "messageCount" | "consumerCount">,
): void {
  const { name, messageCount, consumerCount } = queue;
  channel.currentQueue = name;
  if (!noWait) channel.send({ name: "queue.declare-ok", queue: name, messageCount, consumerCount });
}

/** An exclusive queue ends with its connection, so it cannot be durable ("durable vs exclusive", errata). */
function readOptions(method: QueueDeclare, subject: string): QueueOptions {
  const { durable, exclusive, autoDelete, arguments: args } = method;
  return { ...readQueueArguments(args, subject), durable: durable && !exclusive, exclusive, autoDelete };
}

function refuseDifference(subject: string, current: QueueOptions, wanted: QueueOptions): void {
  const flags = [
    ["durable", current.durable, wanted.durable],
    ["auto_delete", current.autoDelete, wanted.autoDelete],
  ] as const;
  for (const [name, was, is] of flags) {
    if (was !== is) refuseInequivalent(subject, name, `'${is}'`, `'${was}'`);
  }
  const differing = differingArgument(current, wanted);
  if (differing !== undefined)
    refuseInequivalent(subject, differing.name, differing.received, differing.current);
}

async function bind(channel: ChannelContext, method: QueueBind): Promise<void> {
  const { queue, exchange, spec } = readEnds(channel, method);
  const isNew = channel.vhost.topology.findBinding(exchange, { kind: "queue", queue }, spec) === undefined;
  // Only on request, or each start of a client would fetch them again.
  const asksForRetained = isTrue(findHeader(method.arguments, RETAINED));
  if (isNew && asksForRetained && exchange.name === TOPIC_SPACE) {
    const target = { queue, subscriptions: undefined, isWanted: () => true };
    await channel.client.bindAfterRetained(exchange.name, spec, target);
  } else {
    await channel.client.bind(exchange.name, { kind: "queue", queue }, spec);
  }
  if (!method.noWait) channel.send({ name: "queue.bind-ok" });
}

/** Undoing what was never done is no error, as in RabbitMQ. */
async function unbind(channel: ChannelContext, method: QueueUnbind): Promise<void> {
  const { exchanges, queues } = channel.vhost.topology;
  if (exchanges.has(nameOf(method.exchange)) && queues.has(expandQueueName(channel, method.queue))) {
    const { queue, exchange, spec } = readEnds(channel, method);
    await channel.client.unbind(exchange.name, { kind: "queue", queue }, spec);
  }
  channel.send({ name: "queue.unbind-ok" });
}

function readEnds(channel: ChannelContext, method: QueueBind | QueueUnbind) {
  const name = expandQueueName(channel, method.queue);
  // A client that names neither means the queue that it has just declared, by its own name.
  const key = method.queue === "" && method.routingKey === "" ? name : method.routingKey;
  refuseDefaultExchange(method.exchange);
  const exchange = findExchange(channel, nameOf(method.exchange));
  const queue = findQueue(channel, name);
  return { queue, exchange, spec: readBinding(key, method.arguments, exchange.options.type) };
}

async function purge(channel: ChannelContext, method: QueuePurge): Promise<void> {
  const queue = findQueue(channel, expandQueueName(channel, method.queue));
  refuseOnStream(channel.vhost, queue, "queue.purge");
  const messageCount = await channel.client.purgeQueue(queue.name);
  if (!method.noWait) channel.send({ name: "queue.purge-ok", messageCount });
}

/** Deleting what is not there is no error, as in RabbitMQ. */
async function remove(channel: ChannelContext, method: QueueDelete): Promise<void> {
  const name = expandQueueName(channel, method.queue);
  const isThere = channel.vhost.topology.queues.has(name);
  const messageCount = isThere ? await removeExisting(channel, name, method) : 0;
  if (!method.noWait) channel.send({ name: "queue.delete-ok", messageCount });
}

function removeExisting(channel: ChannelContext, name: string, method: QueueDelete): Promise<number> {
  const { ifUnused, ifEmpty } = method;
  const queue = findQueue(channel, name);
  const subject = queueText(channel.vhost, name);
  if (ifUnused && queue.consumerCount > 0) throw new AmqpError("precondition-failed", `${subject} in use`);
  if (ifEmpty && queue.messageCount > 0) throw new AmqpError("precondition-failed", `${subject} not empty`);
  return channel.client.deleteQueue(name, { ifUnused, ifEmpty });
}
