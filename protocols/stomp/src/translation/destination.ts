import { StompError } from "../stomp-error.ts";
import { decodePercent, encodePercent } from "./percent-encoding.ts";
import { type TopicStyle, topicStyle, writeTopic } from "./topic-spelling.ts";

/** What stands for a destination that has no prefix of ours. */
export type BareDestination = "topic" | "queue";

/** A destination header, read as far as it can be without asking the broker. */
export type Destination = TopicDestination | QueueDestination | ExchangeDestination;

/** The topic space. `text` is read by `topicPath` where it is sent to, by `topicPattern` where it is subscribed. */
export interface TopicDestination {
  readonly kind: "topic";
  /** As the client wrote it, to be written in front of what it receives. */
  readonly prefix: string;
  readonly text: string;
  readonly style: TopicStyle;
}

/**
 * A queue: made when it is used (`queue`), to be there already (`amq-queue`), private to the connection
 * (`temp-queue`), or the address of an answer (`reply-queue`).
 */
export interface QueueDestination {
  readonly kind: "queue" | "amq-queue" | "temp-queue" | "reply-queue";
  readonly name: string;
}

export interface ExchangeDestination {
  readonly kind: "exchange";
  readonly exchange: string;
  /** Routing key or binding key; undefined when the destination ends with the exchange. */
  readonly key: string | undefined;
}

const queuePrefixes = [
  ["/queue/", "queue"],
  ["/amq/queue/", "amq-queue"],
  ["/temp-queue/", "temp-queue"],
  ["/reply-queue/", "reply-queue"],
  ["queue://", "queue"],
  ["temp-queue://", "temp-queue"],
] as const;

const topicPrefixes = ["/topic/", "topic://"] as const;
const exchangePrefix = "/exchange/";
const knownNames: ReadonlySet<string> = new Set(["/queue", "/topic", "/exchange", "/amq/queue"]);

/**
 * Reads a destination header.
 *
 * @param bare what a name without a known prefix is; without it such a name is refused
 * @throws BrokerError "bad-address", naming the destination
 */
export function parseDestination(text: string, bare?: BareDestination): Destination {
  for (const [prefix, kind] of queuePrefixes) {
    if (text.startsWith(prefix)) return queueDestination(kind, text, prefix);
  }
  for (const prefix of topicPrefixes) {
    if (text.startsWith(prefix)) return topicDestination(text, prefix);
  }
  if (text.startsWith(exchangePrefix)) return exchangeDestination(text);
  if (bare !== undefined && text !== "" && !text.startsWith("/")) {
    return bare === "queue" ? queueDestination("queue", text, "") : topicDestination(text, "");
  }
  throw new StompError(
    "bad-address",
    knownNames.has(text) ? "Invalid destination" : "Unknown destination",
    `destination "${text}" must start with /queue/, /topic/, /exchange/, /amq/queue/, /temp-queue/ or /reply-queue/`,
  );
}

/** The destination that names a queue. */
export function queueDestinationText(name: string): string {
  return `/queue/${encodePercent(name)}`;
}

/** The destination that names a topic. */
export function topicDestinationText(path: string, prefix: string, style: TopicStyle): string {
  return prefix + writeTopic(path, style);
}

/** The destination that names an exchange and a routing key; an empty key is left out. */
export function exchangeDestinationText(exchange: string, key: string): string {
  const name = exchangePrefix + encodePercent(exchange, "/");
  return key === "" ? name : `${name}/${encodePercent(key)}`;
}

function queueDestination(kind: QueueDestination["kind"], text: string, prefix: string): QueueDestination {
  const name = decodePercent(text.slice(prefix.length));
  if (name === "") throw invalid(text, "names no queue");
  return { kind, name };
}

function topicDestination(text: string, prefix: string): TopicDestination {
  const rest = text.slice(prefix.length);
  return { kind: "topic", prefix, text: rest, style: topicStyle(rest) };
}

function exchangeDestination(text: string): ExchangeDestination {
  const rest = text.slice(exchangePrefix.length);
  const slash = rest.indexOf("/");
  const exchange = decodePercent(slash < 0 ? rest : rest.slice(0, slash));
  if (exchange === "") throw invalid(text, "names no exchange");
  return { kind: "exchange", exchange, key: slash < 0 ? undefined : decodePercent(rest.slice(slash + 1)) };
}

function invalid(text: string, why: string): StompError {
  return new StompError("bad-address", "Invalid destination", `destination "${text}" ${why}`);
}
