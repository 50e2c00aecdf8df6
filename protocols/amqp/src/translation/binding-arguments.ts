import {
  type BindingSpec,
  type ExchangeType,
  findHeader,
  type HeaderMatch,
  type Headers,
  text,
  valueToText,
} from "@dragoman/core";
import { AmqpError } from "../codec/amqp-error.ts";
import { argumentsText, textOf, typeName } from "./arguments.ts";

const MATCH = "x-match";

/**
 * What queue.bind and exchange.bind ask for.
 *
 * @throws AmqpError "precondition-failed" for an `x-match` that does not exist, or a weight that is none
 */
export function readBinding(key: string, args: Headers, type: ExchangeType): BindingSpec {
  const extra = argumentsText(args);
  if (type === "consistent-hash") refuseWeight(key);
  return type === "headers" ? { key, extra, match: readMatch(args) } : { key, extra };
}

const modes = ["all", "any", "all-with-x", "any-with-x"] as const satisfies HeaderMatch["mode"][];

/** RabbitMQ's four ways to compare; without `x-match` it is "all". AMQP 0-9-1 §3.1.3.4 */
function readMatch(args: Headers): HeaderMatch {
  const asked = findHeader(args, MATCH) ?? text("all");
  const name = textOf(asked);
  if (name === undefined) {
    throw refused(`type ${typeName(asked)} (value ${valueToText(asked)}); expected longstr`);
  }
  const mode = modes.find((each) => each === name);
  if (mode !== undefined) return { mode, headers: args.filter(([arg]) => arg !== MATCH) };
  throw refused(`value <<"${name}">>; expected all, any, all-with-x, or any-with-x`);
}

/** Many points on the ring cost memory, so that a share of it has its bound. */
const LARGEST_WEIGHT = 1_000;

/** The routing key of a binding to a consistent hash exchange is its share, in RabbitMQ's words. */
function refuseWeight(key: string): void {
  if (!/^-?\d{1,9}$/.test(key)) {
    throw new AmqpError("precondition-failed", `The binding key must be an integer: <<"${key}">>`);
  }
  if (Number(key) <= 0) throw new AmqpError("precondition-failed", "The binding key must be greater than 0");
  if (Number(key) <= LARGEST_WEIGHT) return;
  throw new AmqpError("precondition-failed", `The binding key must not be greater than ${LARGEST_WEIGHT}`);
}

function refused(why: string): AmqpError {
  return new AmqpError("precondition-failed", `Invalid x-match field ${why}`);
}
