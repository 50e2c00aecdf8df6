import { AmqpError } from "../codec/amqp-error.ts";
import type { ClientMethod, Method } from "../codec/methods/methods.generated.ts";
import { clientMethodNames } from "../codec/methods/methods.generated.ts";
import { acknowledge } from "./acknowledgements.ts";
import type { Channel } from "./channel.ts";
import { handleExchange } from "./exchange-methods.ts";
import { get } from "./get.ts";
import { handleQueue } from "./queue-methods.ts";

/** The methods of one class that a client may send. */
type MethodsOf<Class extends string> = Extract<ClientMethod, { name: `${Class}.${string}` }>;

/**
 * Does what a method on an open channel asks for.
 *
 * @returns a promise when it takes time
 * @throws AmqpError "command-invalid" for a method that a client may not send, or not on a channel
 */
export function handleMethod(channel: Channel, method: Method): Promise<void> | undefined {
  if (!isClientMethod(method)) throw unimplemented();
  if (isOf(method, "queue")) return handleQueue(channel, method);
  if (isOf(method, "exchange")) return handleExchange(channel, method);
  if (method.name === "basic.get") return get(channel, channel.unsettled, method);
  if (isOf(method, "basic")) handleBasic(channel, method);
  else if (isOf(method, "tx")) handleTransaction(channel, method);
  else if (isOf(method, "channel")) handleChannel(channel, method);
  else if (isOf(method, "confirm")) channel.publisher.selectConfirms(method);
  else throw unimplemented();
  return undefined;
}

/** RabbitMQ's word for a method that has no place here: it belongs to servers, or to another channel. */
function unimplemented(): AmqpError {
  return new AmqpError("command-invalid", "unimplemented method");
}

function isClientMethod(method: Method): method is ClientMethod {
  return clientMethodNames.has(method.name);
}

function isOf<Class extends string>(method: ClientMethod, name: Class): method is MethodsOf<Class> {
  return method.name.startsWith(name) && method.name[name.length] === ".";
}

/** AMQP 0-9-1 §1.8 */
function handleBasic(channel: Channel, method: Exclude<MethodsOf<"basic">, { name: "basic.get" }>): void {
  const { consumers, publisher, unsettled } = channel;
  switch (method.name) {
    case "basic.publish":
      return channel.beginContent(method);
    case "basic.qos":
      return consumers.qos(method);
    case "basic.consume":
      return consumers.consume(method);
    case "basic.cancel":
      return consumers.cancel(method);
    case "basic.cancel-ok":
      return;
    case "basic.ack":
    case "basic.nack":
    case "basic.reject":
    case "basic.recover":
    case "basic.recover-async":
      return acknowledge(channel, unsettled, publisher.transaction, method);
  }
}

/** AMQP 0-9-1 §1.9 */
function handleTransaction({ publisher }: Channel, method: MethodsOf<"tx">): void {
  switch (method.name) {
    case "tx.select":
      return publisher.selectTransactions();
    case "tx.commit":
      return publisher.commit();
    case "tx.rollback":
      return publisher.rollback();
  }
}

/** AMQP 0-9-1 §1.5 */
function handleChannel(channel: Channel, method: MethodsOf<"channel">): void {
  switch (method.name) {
    case "channel.open":
      throw new AmqpError("channel-error", "second 'channel.open' seen");
    case "channel.flow":
      return channel.consumers.flow(method.active);
    case "channel.flow-ok":
      return undefined;
    case "channel.close-ok":
      throw unimplemented();
    case "channel.close":
      return channel.closeByClient();
  }
}
