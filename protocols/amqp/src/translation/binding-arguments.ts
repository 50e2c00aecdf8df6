import {
  type BindingSpec,
  type ExchangeType,
  findHeader,
  type HeaderMatch,
  type Headers,
} from "@dragoman/core";
import { AmqpError } from "../codec/amqp-error.ts";
import { argumentsText, textOf } from "./arguments.ts";

const MATCH = "x-match";

/**
 * What queue.bind and exchange.bind ask for.
 *
 * @throws AmqpError "precondition-failed" for an `x-match` that does not exist
 */
export function readBinding(key: string, args: Headers, type: ExchangeType): BindingSpec {
  const extra = argumentsText(args);
  return type === "headers" ? { key, extra, match: readMatch(args) } : { key, extra };
}

const modes = ["all", "any", "all-with-x", "any-with-x"] as const satisfies HeaderMatch["mode"][];

/** RabbitMQ's four ways to compare; without `x-match` it is "all". AMQP 0-9-1 §3.1.3.4 */
function readMatch(args: Headers): HeaderMatch {
  const asked = findHeader(args, MATCH);
  const name = asked === undefined ? "all" : textOf(asked);
  const mode = modes.find((each) => each === name);
  if (mode !== undefined) return { mode, headers: args.filter(([arg]) => arg !== MATCH) };
  throw new AmqpError(
    "precondition-failed",
    `Invalid x-match field value ${name ?? asked?.type}; expected all, any, all-with-x, or any-with-x`,
  );
}
