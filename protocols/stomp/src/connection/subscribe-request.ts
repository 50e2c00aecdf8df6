import type { Message, StreamStart } from "@dragoman/core";
import type { Frame, FrameHeaders, Version } from "../codec/frame.ts";
import { headerOf } from "../codec/frame.ts";
import { StompError } from "../stomp-error.ts";
import { type BareDestination, type Destination, parseDestination } from "../translation/destination.ts";
import { booleanHeader, numberHeader, requiredHeader } from "../translation/header-values.ts";
import { readQueueOptions, type WantedOptions, wantsAny } from "../translation/queue-options.ts";
import { makeSelector } from "../translation/selector-lookup.ts";
import type { AckMode } from "./subscription.ts";

/** A SUBSCRIBE frame, read. */
export interface SubscribeRequest {
  readonly id: string | undefined;
  readonly destination: Destination;
  readonly destinationText: string;
  readonly ackMode: AckMode;
  /** Unacknowledged deliveries at most; Infinity for no limit. */
  readonly prefetch: number;
  readonly selects: ((message: Message) => boolean) | undefined;
  /** The client's own messages are not wanted. */
  readonly noLocal: boolean;
  /** No other consumer may take from the queue. */
  readonly exclusive: boolean;
  /** Consumers of higher priority are served first. */
  readonly priority: number;
  /** Messages that were retained before are wanted. */
  readonly retained: boolean;
  /** The name under which messages are kept while the client is away; undefined when they are not. */
  readonly durableName: string | undefined;
  /** The queue to use behind a topic or exchange. */
  readonly queueName: string | undefined;
  readonly wanted: WantedOptions;
  /** Where to begin in a stream. */
  readonly start: StreamStart | undefined;
}

/**
 * Reads SUBSCRIBE, in the dialects of RabbitMQ and of ActiveMQ.
 *
 * @throws StompError naming the header at fault
 * @see STOMP 1.2, SUBSCRIBE
 */
export function readSubscribe(
  { headers }: Frame,
  version: Version,
  bare: BareDestination | undefined,
): SubscribeRequest {
  const destinationText = requiredDestination(headers, "SUBSCRIBE");
  const id = version === "1.0" ? headerOf(headers, "id") : requiredHeader(headers, "id", "SUBSCRIBE");
  const selector = headerOf(headers, "selector");
  return {
    id,
    destination: parseDestination(destinationText, bare),
    destinationText,
    ackMode: readAckMode(headers),
    prefetch: readPrefetch(headers),
    selects: selector === undefined || selector === "" ? undefined : makeSelector(selector),
    noLocal: eitherOf(headers, "no-local", "activemq.noLocal"),
    exclusive: eitherOf(headers, "exclusive", "activemq.exclusive"),
    priority: readPriority(headers),
    retained: booleanHeader(headers, "retained") ?? true,
    durableName: durableName(headers, id),
    queueName: headerOf(headers, "x-queue-name"),
    wanted: readQueueOptions(headers),
    start: readStreamStart(headers),
  };
}

/** @throws StompError "malformed" */
export function requiredDestination(headers: FrameHeaders, command: string): string {
  const destination = headerOf(headers, "destination");
  if (destination !== undefined) return destination;
  throw new StompError("malformed", "Missing destination", `${command} needs a header destination`);
}

/** Messages can only wait, be acknowledged, or be limited in number where there is a queue. */
export function needsQueue({ ackMode, durableName: name, queueName, wanted }: SubscribeRequest): boolean {
  return ackMode !== "auto" || name !== undefined || queueName !== undefined || wantsAny(wanted);
}

/**
 * The name of a durable subscription. RabbitMQ's clients say `durable` (once `persistent`) and use the id;
 * ActiveMQ's give a name of its own.
 *
 * @throws StompError "malformed" when there is no id to keep it under
 */
export function durableName(headers: FrameHeaders, id: string | undefined): string | undefined {
  for (const header of [
    "activemq.subscriptionName",
    // So it was spelled in ActiveMQ 4, and in much that was copied from its documentation.
    "activemq.subcriptionName",
    "durable-subscription-name",
    "durable-subscriber-name",
  ]) {
    const name = headerOf(headers, header);
    if (name !== undefined) return name;
  }
  const isDurable = eitherOf(headers, "durable", "persistent");
  const autoDelete = booleanHeader(headers, "auto-delete") ?? false;
  if (!isDurable || autoDelete) return undefined;
  if (id !== undefined) return id;
  throw new StompError("malformed", "Missing Header", "a durable subscription needs a header id");
}

function readAckMode(headers: FrameHeaders): AckMode {
  const mode = headerOf(headers, "ack") ?? "auto";
  if (mode === "auto" || mode === "client" || mode === "client-individual") return mode;
  throw new StompError(
    "malformed",
    "Invalid header",
    `header ack must be auto, client or client-individual, not ${JSON.stringify(mode)}`,
  );
}

function readPrefetch(headers: FrameHeaders): number {
  const count =
    numberHeader(headers, "prefetch-count") ?? numberHeader(headers, "activemq.prefetchSize") ?? 0;
  return count === 0 ? Number.POSITIVE_INFINITY : count;
}

/** RabbitMQ's words: `first`, `last`, `next`, `offset=3` or just `3`, and `timestamp=` with seconds. */
function readStreamStart(headers: FrameHeaders): StreamStart | undefined {
  const text = headerOf(headers, "x-stream-offset");
  if (text === undefined) return undefined;
  if (text === "first" || text === "last" || text === "next") return { from: text };
  const [, word, digits = ""] = /^(?:(offset|timestamp)=)?(\d{1,15})$/.exec(text) ?? [];
  if (digits === "") {
    throw new StompError(
      "malformed",
      "Invalid header",
      "header x-stream-offset must be first, last, next, offset=<number> or timestamp=<seconds>",
    );
  }
  return word === "timestamp"
    ? { from: "time", atMs: Number(digits) * 1_000 }
    : { from: "offset", offset: Number(digits) };
}

function readPriority(headers: FrameHeaders): number {
  const text = headerOf(headers, "x-priority") ?? headerOf(headers, "activemq.priority") ?? "0";
  if (/^-?\d{1,9}$/.test(text)) return Number(text);
  throw new StompError("malformed", "Invalid header", "header x-priority must be a whole number");
}

function eitherOf(headers: FrameHeaders, name: string, other: string): boolean {
  return booleanHeader(headers, name) ?? booleanHeader(headers, other) ?? false;
}
