import type { DeadLetter, OverflowPolicy, QueueOptions } from "@dragoman/core";
import type { FrameHeaders } from "../codec/frame.ts";
import { headerOf } from "../codec/frame.ts";
import { StompError } from "../stomp-error.ts";
import { queueArgumentHeaders } from "./header-names.ts";
import { booleanHeader, numberHeader } from "./header-values.ts";

/** Options that a frame asks for by its headers; what it does not name is not there. */
export type WantedOptions = { readonly [K in keyof QueueOptions]?: QueueOptions[K] | undefined };

const overflows: ReadonlyMap<string, OverflowPolicy> = new Map<string, OverflowPolicy>([
  ["drop-head", "drop-head"],
  ["reject-publish", "reject-publish"],
  ["reject-publish-dlx", "reject-publish-dead-letter"],
]);

/** RabbitMQ's units of `x-max-age`, in milliseconds. */
const ageUnits: ReadonlyMap<string, number> = new Map([
  ["s", 1_000],
  ["m", 60_000],
  ["h", 3_600_000],
  ["D", 86_400_000],
  ["M", 2_592_000_000],
  ["Y", 31_536_000_000],
]);

/**
 * The queue arguments of a SEND or SUBSCRIBE, RabbitMQ's names. How a stream lays out its segments is its own
 * business here, so those arguments are taken and have no effect.
 *
 * @throws StompError "malformed", naming the header
 */
export function readQueueOptions(headers: FrameHeaders): WantedOptions {
  const wanted: WantedOptions = {
    durable: booleanHeader(headers, "durable"),
    autoDelete: booleanHeader(headers, "auto-delete"),
    messageTtlMs: numberHeader(headers, "x-message-ttl"),
    expiresMs: numberHeader(headers, "x-expires"),
    maxLength: numberHeader(headers, "x-max-length"),
    maxBytes: numberHeader(headers, "x-max-length-bytes"),
    overflow: readOverflow(headers),
    deadLetter: readDeadLetter(headers),
    maxPriority: numberHeader(headers, "x-max-priority", 255),
    singleActiveConsumer: booleanHeader(headers, "x-single-active-consumer"),
    deliveryLimit: numberHeader(headers, "x-delivery-limit"),
    maxAgeMs: readMaxAge(headers),
    ...readQueueType(headers),
  };
  if (wanted.expiresMs === 0) throw invalid("x-expires", "a number of milliseconds above 0");
  return wanted;
}

/** A frame has any of the headers that `readQueueOptions` reads. */
export function namesQueueOptions(headers: FrameHeaders): boolean {
  for (const [name] of headers) {
    if (queueArgumentHeaders.has(name) || name === "durable" || name === "auto-delete") return true;
  }
  return false;
}

/** A frame names an option of the queue itself, so that there must be a queue. */
export function wantsAny(wanted: WantedOptions): boolean {
  return Object.values(wanted).some((value) => value !== undefined);
}

/** What a frame asks for, and `defaults` where it asks for nothing. */
export function withDefaults(wanted: WantedOptions, defaults: QueueOptions): QueueOptions {
  return {
    ...defaults,
    ...wanted,
    durable: wanted.durable ?? defaults.durable,
    exclusive: wanted.exclusive ?? defaults.exclusive,
    autoDelete: wanted.autoDelete ?? defaults.autoDelete,
  };
}

/**
 * The first header in which a queue that exists differs from what a frame explicitly asked for.
 *
 * @returns the name of the header, or undefined when the queue will do
 */
export function differingHeader(existing: QueueOptions, wanted: WantedOptions): string | undefined {
  for (const [option, header] of headerOfOption) {
    const asked = wanted[option];
    const existed = option === "kind" ? (existing.kind ?? "queue") : existing[option];
    if (asked !== undefined && JSON.stringify(asked) !== JSON.stringify(existed)) return header;
  }
  return undefined;
}

const headerOfOption = [
  ["durable", "durable"],
  ["autoDelete", "auto-delete"],
  ["messageTtlMs", "x-message-ttl"],
  ["expiresMs", "x-expires"],
  ["maxLength", "x-max-length"],
  ["maxBytes", "x-max-length-bytes"],
  ["overflow", "x-overflow"],
  ["deadLetter", "x-dead-letter-exchange"],
  ["maxPriority", "x-max-priority"],
  ["singleActiveConsumer", "x-single-active-consumer"],
  ["deliveryLimit", "x-delivery-limit"],
  ["maxAgeMs", "x-max-age"],
  ["kind", "x-queue-type"],
] as const satisfies readonly (readonly [keyof QueueOptions, string])[];

function readOverflow(headers: FrameHeaders): OverflowPolicy | undefined {
  const text = headerOf(headers, "x-overflow");
  if (text === undefined) return undefined;
  const policy = overflows.get(text);
  if (policy === undefined) throw invalid("x-overflow", [...overflows.keys()].join(", "));
  return policy;
}

function readDeadLetter(headers: FrameHeaders): DeadLetter | undefined {
  const exchange = headerOf(headers, "x-dead-letter-exchange");
  const key = headerOf(headers, "x-dead-letter-routing-key");
  if (exchange !== undefined) return key === undefined ? { exchange } : { exchange, key };
  if (key === undefined) return undefined;
  throw invalid("x-dead-letter-routing-key", "accompanied by x-dead-letter-exchange");
}

function readMaxAge(headers: FrameHeaders): number | undefined {
  const text = headerOf(headers, "x-max-age");
  if (text === undefined) return undefined;
  const [, count, unit = ""] = /^(\d{1,9})([YMDhms])$/.exec(text) ?? [];
  const unitMs = ageUnits.get(unit);
  if (count === undefined || unitMs === undefined)
    throw invalid("x-max-age", "a number and one of Y, M, D, h, m, s");
  return Number(count) * unitMs;
}

/** Classic and quorum queues are the same to us; the word is kept, as an AMQP client would have it kept. */
function readQueueType(headers: FrameHeaders): Pick<WantedOptions, "kind" | "extra"> {
  const type = headerOf(headers, "x-queue-type");
  if (type === undefined) return {};
  if (type !== "classic" && type !== "quorum" && type !== "stream") {
    throw invalid("x-queue-type", "classic, quorum or stream");
  }
  const extra = JSON.stringify({ "x-queue-type": type });
  return { kind: type === "stream" ? "stream" : "queue", extra };
}

function invalid(name: string, expected: string): StompError {
  return new StompError("malformed", "Invalid header", `header ${name} must be ${expected}`);
}
