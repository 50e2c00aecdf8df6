import { type ExchangeOptions, type ExchangeType, findHeader, type Headers } from "@dragoman/core";
import { AmqpError } from "../codec/amqp-error.ts";
import type {
  ExchangeBind,
  ExchangeDeclare,
  ExchangeDelete,
  ExchangeUnbind,
} from "../codec/methods/exchange.generated.ts";
import { argumentsText, textArgument, textOf, typeName } from "../translation/arguments.ts";
import { readBinding } from "../translation/binding-arguments.ts";
import type { ChannelContext } from "./context.ts";
import {
  exchangeText,
  findExchange,
  nameOf,
  refuseDefaultExchange,
  refuseInequivalent,
  refuseReservedName,
} from "./lookup.ts";

type ExchangeMethod = ExchangeDeclare | ExchangeDelete | ExchangeBind | ExchangeUnbind;

/** AMQP 0-9-1 §1.6; resolves when the answer was sent. */
export function handleExchange(channel: ChannelContext, method: ExchangeMethod): Promise<void> {
  switch (method.name) {
    case "exchange.declare":
      return declare(channel, method);
    case "exchange.delete":
      return remove(channel, method);
    case "exchange.bind":
      return bind(channel, method);
    case "exchange.unbind":
      return unbind(channel, method);
  }
}

async function declare(channel: ChannelContext, method: ExchangeDeclare): Promise<void> {
  const { passive, noWait } = method;
  const name = nameOf(method.exchange);
  refuseDefaultExchange(name);
  if (passive) {
    findExchange(channel, name);
  } else {
    const subject = exchangeText(channel.vhost, name);
    const options = readOptions(method, subject);
    const existing = channel.vhost.topology.exchanges.get(name);
    if (existing === undefined) refuseReservedName("exchange", name);
    else refuseDifference(subject, existing.options, options);
    await channel.client.declareExchange(name, existing?.options ?? options);
  }
  if (!noWait) channel.send({ name: "exchange.declare-ok" });
}

async function remove(channel: ChannelContext, method: ExchangeDelete): Promise<void> {
  const { ifUnused, noWait } = method;
  const name = nameOf(method.exchange);
  refuseDefaultExchange(name);
  const { vhost, client } = channel;
  if (vhost.topology.isStandard(name)) {
    throw new AmqpError("access-refused", `deletion of system ${exchangeText(vhost, name)} not allowed`);
  }
  const existing = vhost.topology.exchanges.get(name);
  if (ifUnused && existing !== undefined && existing.outgoing.size > 0) {
    throw new AmqpError("precondition-failed", `${exchangeText(vhost, name)} in use`);
  }
  await client.deleteExchange(name, ifUnused);
  if (!noWait) channel.send({ name: "exchange.delete-ok" });
}

async function bind(channel: ChannelContext, method: ExchangeBind): Promise<void> {
  const { source, destination, spec } = readEnds(channel, method);
  await channel.client.bind(source.name, { kind: "exchange", exchange: destination }, spec);
  if (!method.noWait) channel.send({ name: "exchange.bind-ok" });
}

/** Undoing what was never done is no error, as in RabbitMQ. */
async function unbind(channel: ChannelContext, method: ExchangeUnbind): Promise<void> {
  const { exchanges } = channel.vhost.topology;
  if (exchanges.has(nameOf(method.source)) && exchanges.has(nameOf(method.destination))) {
    const { source, destination, spec } = readEnds(channel, method);
    await channel.client.unbind(source.name, { kind: "exchange", exchange: destination }, spec);
  }
  if (!method.noWait) channel.send({ name: "exchange.unbind-ok" });
}

function readEnds(channel: ChannelContext, method: ExchangeBind | ExchangeUnbind) {
  refuseDefaultExchange(method.source);
  refuseDefaultExchange(method.destination);
  const source = findExchange(channel, nameOf(method.source));
  const destination = findExchange(channel, nameOf(method.destination));
  const spec = readBinding(method.routingKey, method.arguments, source.options.type);
  return { source, destination, spec };
}

const types: ReadonlyMap<string, ExchangeType> = new Map<string, ExchangeType>([
  ["direct", "direct"],
  ["fanout", "fanout"],
  ["topic", "topic"],
  ["headers", "headers"],
  ["x-consistent-hash", "consistent-hash"],
  ["x-random", "random"],
]);

/** RabbitMQ's plugin for delays: routes as `x-delayed-type` says, once the header `x-delay` has passed. */
const DELAYED = "x-delayed-message";
const DELAYED_TYPE = "x-delayed-type";
const ALTERNATE = "alternate-exchange";
/** RabbitMQ's plugin for consistent hashes: the header whose value is hashed instead of the routing key. */
const HASH_HEADER = "hash-header";

function readOptions(method: ExchangeDeclare, subject: string): ExchangeOptions {
  const { durable, autoDelete, internal, arguments: args } = method;
  const type = readType(method);
  const isHashed = type === "consistent-hash";
  const kept = args.filter(([name]) => name !== ALTERNATE && !(isHashed && name === HASH_HEADER));
  return {
    type,
    durable,
    autoDelete,
    internal,
    alternate: readName(args, ALTERNATE, subject),
    hashHeader: isHashed ? readName(args, HASH_HEADER, subject) : undefined,
    extra: argumentsText(kept),
  };
}

function readType({ type: name, arguments: args }: ExchangeDeclare): ExchangeType {
  const isDelayed = name === DELAYED;
  const routesAs = isDelayed ? (textArgument(args, DELAYED_TYPE) ?? "") : name;
  const type = types.get(routesAs);
  if (type !== undefined) return type;
  if (isDelayed) {
    throw new AmqpError(
      "precondition-failed",
      `invalid argument, '${DELAYED_TYPE}' must be an existing exchange type`,
    );
  }
  // The specification has 503 and the connection's end; RabbitMQ 4 and its clients' tests have this.
  throw new AmqpError("precondition-failed", `invalid exchange type '${name}'`);
}

function readName(args: Headers, argument: string, subject: string): string | undefined {
  const value = findHeader(args, argument);
  if (value === undefined) return undefined;
  const name = textOf(value);
  if (name !== undefined) return name;
  throw new AmqpError(
    "precondition-failed",
    `invalid type '${typeName(value)}' for arg '${argument}' in ${subject}`,
  );
}

function refuseDifference(subject: string, current: ExchangeOptions, wanted: ExchangeOptions): void {
  const compared = [
    ["type", current.type, wanted.type],
    ["durable", current.durable, wanted.durable],
    ["auto_delete", current.autoDelete, wanted.autoDelete],
    ["internal", current.internal, wanted.internal],
  ] as const;
  for (const [name, was, is] of compared) {
    if (was !== is) refuseInequivalent(subject, name, `'${is}'`, `'${was}'`);
  }
  const named = [
    [ALTERNATE, current.alternate, wanted.alternate],
    [HASH_HEADER, current.hashHeader, wanted.hashHeader],
  ] as const;
  for (const [name, was, is] of named) {
    if (was !== is) refuseInequivalent(subject, name, shown(is), shown(was));
  }
}

function shown(value: string | undefined): string {
  return value === undefined ? "none" : `the value '${value}' of type 'longstr'`;
}
