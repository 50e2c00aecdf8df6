import { findHeader, type Headers, type StreamStart, type Value } from "@dragoman/core";
import { AmqpError } from "../codec/amqp-error.ts";
import { integerOf, textOf } from "./arguments.ts";
import { STREAM_OFFSET } from "./reserved-headers.ts";

const MAX_AGE = "x-max-age";

/** RabbitMQ's units of `x-max-age`, in milliseconds. */
const AGE_UNITS: ReadonlyMap<string, number> = new Map([
  ["s", 1_000],
  ["m", 60_000],
  ["h", 3_600_000],
  ["D", 86_400_000],
  ["M", 2_592_000_000],
  ["Y", 31_536_000_000],
]);

/**
 * How long a stream keeps its messages, in milliseconds. RabbitMQ, "Streams: Retention"
 *
 * @param queue as reply texts name it: `queue 'q' in vhost '/'`
 * @throws AmqpError "precondition-failed" for anything else than such as `7D`
 */
export function readMaxAge(value: Value, queue: string): number {
  const age = ageOf(textOf(value));
  if (age === undefined) throw invalid(MAX_AGE, queue, "want a number and one of Y, M, D, h, m, s");
  return age;
}

/**
 * Where basic.consume wants to begin in a stream; undefined when it does not say. RabbitMQ, "Streams: Consuming"
 *
 * @param queue as reply texts name it
 * @param nowMs milliseconds since 1970, for a start such as `1h` ago
 * @throws AmqpError "precondition-failed" for what is no place in a stream
 */
export function readStreamStart(args: Headers, queue: string, nowMs: number): StreamStart | undefined {
  const value = findHeader(args, STREAM_OFFSET);
  if (value === undefined) return undefined;
  if (value.type === "timestamp") return { from: "time", atMs: Number(value.value) * 1_000 };
  const offset = integerOf(value);
  if (offset !== undefined && offset >= 0) return { from: "offset", offset };
  const word = textOf(value);
  if (word === "first" || word === "last" || word === "next") return { from: word };
  const age = ageOf(word);
  if (age !== undefined) return { from: "time", atMs: nowMs - age };
  throw invalid(STREAM_OFFSET, queue, "want first, last, next, an offset, a timestamp or an age such as 1h");
}

function ageOf(text: string | undefined): number | undefined {
  const [, count = "", unit = ""] = /^(\d{1,9})([YMDhms])$/.exec(text ?? "") ?? [];
  const unitMs = AGE_UNITS.get(unit);
  return unitMs === undefined ? undefined : Number(count) * unitMs;
}

function invalid(name: string, queue: string, why: string): AmqpError {
  return new AmqpError("precondition-failed", `invalid arg '${name}' for ${queue}: ${why}`);
}
