import { findHeader, type Headers, text, type Value } from "@dragoman/core";
import type { AmqpOptions } from "../options.ts";
import { isTrue, textArgument } from "../translation/arguments.ts";

const yes: Value = { type: "boolean", value: true };

/** RabbitMQ's extensions, by the names under which clients look for them. */
const CAPABILITIES = [
  "publisher_confirms",
  "exchange_exchange_bindings",
  "basic.nack",
  "consumer_cancel_notify",
  "connection.blocked",
  "consumer_priorities",
  "authentication_failure_close",
  "per_consumer_qos",
  "direct_reply_to",
] as const;

/** What connection.start says of us: small enough for a first frame of 4096 bytes. */
export function serverProperties({ product, version }: AmqpOptions): Headers {
  return [
    ["capabilities", { type: "table", value: CAPABILITIES.map((name) => [name, yes]) }],
    ["product", text(product)],
    ["version", text(version)],
    ["platform", text("Node.js")],
    ["information", text("Licensed under the Apache License 2.0")],
  ];
}

/** What connection.start-ok says of the client, as far as it changes what we do. */
export interface ClientProperties {
  /** Wants basic.cancel when a consumer's queue goes. */
  readonly wantsCancelNotify: boolean;
  /** Wants connection.blocked and connection.unblocked. */
  readonly wantsBlocked: boolean;
  /** Wants connection.close instead of a closed socket when its login fails. */
  readonly wantsFailureClose: boolean;
  /** basic.qos without `global` is meant for consumers that are there already, too. */
  readonly resizesConsumers: boolean;
  /** Takes it for a refusal when channel.flow is answered, so that it must be refused. */
  readonly refusesFlow: boolean;
  /** For people. */
  readonly connectionName: string | undefined;
}

/** What amqp091-go, its older releases and its forerunner call themselves. */
const goProducts: ReadonlySet<string> = new Set([
  "",
  "AMQP 0.9.1 Client",
  "https://github.com/rabbitmq/amqp091-go",
  "https://github.com/streadway/amqp",
]);

export function readClientProperties(properties: Headers): ClientProperties {
  const capabilities = findHeader(properties, "capabilities");
  const can = (name: string): boolean =>
    capabilities?.type === "table" && isTrue(findHeader(capabilities.value, name));
  return {
    wantsCancelNotify: can("consumer_cancel_notify"),
    wantsBlocked: can("connection.blocked"),
    wantsFailureClose: can("authentication_failure_close"),
    // kombu changes the prefetch of a running worker so, unless it takes us for RabbitMQ before 4.0.
    resizesConsumers: textArgument(properties, "product") === "py-amqp",
    // RabbitMQ refuses channel.flow with 540, and users of Go's client have code that takes anything else for a fault.
    // With properties of their own it does not say who it is, as hardly any other client.
    refusesFlow: goProducts.has(textArgument(properties, "product") ?? ""),
    connectionName: textArgument(properties, "connection_name"),
  };
}
