import {
  type DeadLetter,
  findHeader,
  type Headers,
  type OverflowPolicy,
  type QueueOptions,
  type Value,
} from "@dragoman/core";
import { AmqpError } from "../codec/amqp-error.ts";
import { argumentsText, integerOf, textOf, typeName } from "./arguments.ts";
import { readMaxAge } from "./stream-arguments.ts";

/** The part of a queue's options that AMQP writes as arguments. */
type ArgumentOptions = { -readonly [K in keyof QueueOptions]?: QueueOptions[K] };

/** Where the argument stands in reply texts. */
interface Context {
  readonly name: string;
  /** As RabbitMQ names it: `queue 'q' in vhost '/'`. */
  readonly queue: string;
}

/** The longest time to live or to wait, in milliseconds: RabbitMQ's ten years. */
export const MAX_TIMER_MS = 315_360_000_000;

type Reader = (value: Value, options: ArgumentOptions, context: Context) => void;

/**
 * The arguments that change what a queue does, with RabbitMQ's rules for their values. A map, as whatever is found by a
 * client's word: an object has members that nobody wrote, such as `__proto__`.
 */
const readers: ReadonlyMap<string, Reader> = new Map(
  Object.entries<Reader>({
    "x-message-ttl": (value, options, context) => {
      options.messageTtlMs = timerMs(value, context);
    },
    "x-expires": (value, options, context) => {
      const expiresMs = timerMs(value, context);
      if (expiresMs === 0) throw invalid(context, "{value_zero,0}");
      options.expiresMs = expiresMs;
    },
    "x-max-length": (value, options, context) => {
      options.maxLength = notNegative(value, context);
    },
    "x-max-length-bytes": (value, options, context) => {
      options.maxBytes = notNegative(value, context);
    },
    "x-overflow": (value, options, context) => {
      options.overflow = overflow(value, context);
    },
    "x-max-priority": (value, options, context) => {
      const priority = notNegative(value, context);
      if (priority > 255) throw invalid(context, `{max_value_exceeded,${priority}}`);
      if (priority > 0) options.maxPriority = priority;
    },
    "x-single-active-consumer": (value, options, context) => {
      if (value.type !== "boolean") throw unacceptable(context, value);
      if (value.value) options.singleActiveConsumer = true;
    },
    "x-delivery-limit": (value, options, context) => {
      const limit = integer(value, context);
      // RabbitMQ 4 reads a negative limit as none.
      if (limit >= 0) options.deliveryLimit = limit;
    },
    "x-max-age": (value, options, { queue }) => {
      options.maxAgeMs = readMaxAge(value, queue);
    },
    "x-queue-type": (value, options, context) => {
      const type = textOf(value);
      if (type === undefined) throw unacceptable(context, value);
      if (!queueTypes.has(type)) throw invalid(context, `"unsupported queue type '${type}'"`);
      if (type === "stream") options.kind = "stream";
    },
  }),
);

const queueTypes: ReadonlySet<string> = new Set(["classic", "quorum", "stream"]);

/** Arguments that need each other, so that they are read together. */
const DEAD_LETTER_EXCHANGE = "x-dead-letter-exchange";
const DEAD_LETTER_KEY = "x-dead-letter-routing-key";

const understood: ReadonlySet<string> = new Set([
  ...[...readers.keys()].filter((name) => name !== "x-queue-type"),
  DEAD_LETTER_EXCHANGE,
  DEAD_LETTER_KEY,
]);

/**
 * What queue.declare asks of the queue by its arguments. Those that we do not know are kept as text and
 * never refused.
 *
 * @param queue as reply texts name it: `queue 'q' in vhost '/'`
 * @throws AmqpError "precondition-failed" for a value that the argument cannot have
 */
export function readQueueArguments(args: Headers, queue: string): Omit<ArgumentOptions, "durable"> {
  const options: ArgumentOptions = {};
  for (const [name, value] of args) readers.get(name)?.(value, options, { name, queue });
  const deadLetter = readDeadLetter(args, queue);
  if (options.kind === "stream") refuseOfStream(args, queue);
  if (deadLetter !== undefined) options.deadLetter = deadLetter;
  const extra = argumentsText(args.filter(([name]) => !understood.has(name)));
  if (extra !== undefined) options.extra = extra;
  return options;
}

/** What would have no effect on a stream, which keeps its messages until they are too old or too many bytes. */
const notOfStreams: ReadonlySet<string> = new Set([
  "x-message-ttl",
  "x-expires",
  "x-max-length",
  "x-overflow",
  "x-max-priority",
  "x-single-active-consumer",
  "x-delivery-limit",
  DEAD_LETTER_EXCHANGE,
  DEAD_LETTER_KEY,
]);

function refuseOfStream(args: Headers, queue: string): void {
  const refused = args.find(([name]) => notOfStreams.has(name));
  if (refused === undefined) return;
  throw new AmqpError(
    "precondition-failed",
    `invalid arg '${refused[0]}' for ${queue} of queue type rabbit_stream_queue`,
  );
}

function readDeadLetter(args: Headers, queue: string): DeadLetter | undefined {
  const exchange = deadLetterText(args, DEAD_LETTER_EXCHANGE, queue);
  const key = deadLetterText(args, DEAD_LETTER_KEY, queue);
  if (exchange !== undefined) return key === undefined ? { exchange } : { exchange, key };
  if (key === undefined) return undefined;
  throw invalid({ name: DEAD_LETTER_KEY, queue }, "routing_key_but_no_dlx_defined");
}

function deadLetterText(args: Headers, name: string, queue: string): string | undefined {
  const value = findHeader(args, name);
  if (value === undefined) return undefined;
  const text = textOf(value);
  if (text !== undefined) return text;
  throw new AmqpError(
    "precondition-failed",
    `invalid type '${typeName(value)}' for arg '${name}' in ${queue}`,
  );
}

/**
 * The priority that basic.consume asks for; 0 without one.
 *
 * @param queue as reply texts name it
 * @throws AmqpError "precondition-failed" for one that is no integer
 */
export function readConsumerPriority(args: Headers, queue: string): number {
  const value = findHeader(args, "x-priority");
  return value === undefined ? 0 : integer(value, { name: "x-priority", queue });
}

/** An argument as it was declared, and as RabbitMQ words it when declarations differ. */
export interface ComparedArgument {
  readonly name: string;
  readonly received: string;
  readonly current: string;
}

/**
 * The first argument in which a declaration differs from the queue that is there, compared by value.
 * Arguments without an effect are not compared, as in RabbitMQ; the type of the queue is, and what its type compares.
 */
export function differingArgument(
  current: Partial<QueueOptions>,
  wanted: Partial<QueueOptions>,
): ComparedArgument | undefined {
  for (const [name, valueOf] of compared) {
    const was = valueOf(current);
    const is = valueOf(wanted);
    if (was === is) continue;
    if (was !== undefined && is !== undefined) return { name, received: `'${is}'`, current: `'${was}'` };
    return { name, received: shown(is), current: shown(was) };
  }
  return undefined;
}

type Shown = string | number | boolean | undefined;

const compared: readonly (readonly [string, (options: Partial<QueueOptions>) => Shown])[] = [
  ["x-expires", (options) => options.expiresMs],
  ["x-message-ttl", (options) => options.messageTtlMs],
  [DEAD_LETTER_EXCHANGE, (options) => options.deadLetter?.exchange],
  [DEAD_LETTER_KEY, (options) => options.deadLetter?.key],
  ["x-max-length", (options) => options.maxLength],
  ["x-max-length-bytes", (options) => options.maxBytes],
  ["x-max-priority", (options) => options.maxPriority],
  ["x-max-age", (options) => options.maxAgeMs],
  ["x-overflow", (options) => (options.overflow === "drop-head" ? undefined : options.overflow)],
  ["x-single-active-consumer", (options) => options.singleActiveConsumer],
  ["x-delivery-limit", (options) => options.deliveryLimit],
  ["x-queue-type", queueTypeOf],
  ["x-consumer-timeout", consumerTimeoutOf],
];

/** The type that the queue was declared with; "classic" is what a queue is without one. */
function queueTypeOf({ extra }: Partial<QueueOptions>): string {
  const type = /"x-queue-type":"(\w+)"/.exec(extra ?? "")?.[1];
  return type ?? "classic";
}

/** It acts on no queue here; RabbitMQ from 3.12 on knows and compares it for quorum queues alone. */
function consumerTimeoutOf(options: Partial<QueueOptions>): number | undefined {
  if (queueTypeOf(options) !== "quorum") return undefined;
  const digits = /"x-consumer-timeout":"?(\d+)/.exec(options.extra ?? "")?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function shown(value: Shown): string {
  if (value === undefined) return "none";
  const type = typeof value === "number" ? "signedint" : typeof value === "boolean" ? "bool" : "longstr";
  return `the value '${value}' of type '${type}'`;
}

const overflows: ReadonlyMap<string, OverflowPolicy> = new Map<string, OverflowPolicy>([
  ["drop-head", "drop-head"],
  ["reject-publish", "reject-publish"],
  ["reject-publish-dlx", "reject-publish-dead-letter"],
]);

function overflow(value: Value, context: Context): OverflowPolicy {
  const text = textOf(value);
  if (text === undefined) throw unacceptable(context, value);
  const policy = overflows.get(text);
  if (policy === undefined) throw invalid(context, "invalid_overflow");
  return policy;
}

function notNegative(value: Value, context: Context): number {
  const number = integer(value, context);
  if (number < 0) throw invalid(context, `{value_negative,${number}}`);
  return number;
}

/** An integer of any width; a float is none, even without a fraction. */
function integer(value: Value, context: Context): number {
  const isFloat = value.type === "float32" || value.type === "float64";
  const number = isFloat ? undefined : integerOf(value);
  if (number !== undefined) return number;
  throw invalid(context, `"expected integer, got ${typeName(value)}"`);
}

function timerMs(value: Value, context: Context): number {
  const ms = notNegative(value, context);
  if (ms > MAX_TIMER_MS) throw invalid(context, `{value_too_large,${ms}}`);
  return ms;
}

function unacceptable(context: Context, value: Value): AmqpError {
  return invalid(context, `{unacceptable_type,${typeName(value)}}`);
}

function invalid({ name, queue }: Context, why: string): AmqpError {
  return new AmqpError("precondition-failed", `invalid arg '${name}' for ${queue}: ${why}`);
}
