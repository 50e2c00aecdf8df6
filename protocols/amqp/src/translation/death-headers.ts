import {
  type Death,
  DEATH_REASONS,
  type DeathReason,
  findHeader,
  type Header,
  type Headers,
  text,
  type Value,
} from "@dragoman/core";
import { integerOf, textOf } from "./arguments.ts";

export const DEATHS = "x-death";

const reasonsByName: ReadonlyMap<string, DeathReason> = new Map([
  [DEATH_REASONS.rejected, "rejected"],
  [DEATH_REASONS.expired, "expired"],
  [DEATH_REASONS.overflow, "overflow"],
  [DEATH_REASONS["delivery-limit"], "delivery-limit"],
]);

/**
 * A message's history as headers: `x-death`, the latest death first, and the three `x-first-death-*`.
 * Empty for a message that never died.
 */
export function deathTables(deaths: readonly Death[]): Headers {
  if (deaths.length === 0) return [];
  // A queue where it dies again moves to the front, but keeps the time of its first death.
  const first = deaths.reduce((earliest, death) => (death.atMs <= earliest.atMs ? death : earliest));
  return [
    [DEATHS, { type: "array", value: deaths.map(deathTable) }],
    ["x-first-death-exchange", text(first.exchange)],
    ["x-first-death-queue", text(first.queue)],
    ["x-first-death-reason", text(DEATH_REASONS[first.reason])],
  ];
}

export function isDeathHeader([name]: Header): boolean {
  return name === DEATHS || name.startsWith("x-first-death-");
}

function deathTable(death: Death): Value {
  const fields: Header[] = [
    ["count", { type: "int64", value: BigInt(death.count) }],
    ["reason", text(DEATH_REASONS[death.reason])],
    ["queue", text(death.queue)],
    ["time", { type: "timestamp", value: BigInt(Math.floor(death.atMs / 1000)) }],
    ["exchange", text(death.exchange)],
    ["routing-keys", { type: "array", value: death.keys.map(text) }],
  ];
  if (death.originalTtlMs !== undefined)
    fields.push(["original-expiration", text(String(death.originalTtlMs))]);
  return { type: "table", value: fields };
}

/**
 * The history that a publisher sends along when it publishes a dead-lettered message again with the
 * headers it came with: counting goes on from there. Empty when there is none, or none that we wrote.
 */
export function readDeaths(headers: Headers): Death[] {
  const value = findHeader(headers, DEATHS);
  if (value?.type !== "array") return [];
  const deaths = value.value.map(readDeath);
  return deaths.every((death) => death !== undefined) ? merged(deaths) : [];
}

/** Before RabbitMQ 3.6 each death had an entry of its own, without a count. */
function merged(deaths: readonly Death[]): Death[] {
  const byPlace = new Map<string, Death>();
  for (const death of deaths) {
    const place = `${death.reason} ${death.queue}`;
    const known = byPlace.get(place);
    const count = Math.min((known?.count ?? 0) + death.count, Number.MAX_SAFE_INTEGER);
    byPlace.set(place, { ...(known ?? death), count });
  }
  return [...byPlace.values()];
}

/** An entry without a count is one death; undefined for a number that cannot be written again. */
function countOf(value: Value | undefined): number | undefined {
  const count = value === undefined ? 1 : integerOf(value);
  return Number.isSafeInteger(count) ? count : undefined;
}

/** Milliseconds since 1970; 0 for a time that is none. */
function timeOf(value: Value | undefined): number {
  const atMs = value?.type === "timestamp" ? Number(value.value) * 1_000 : 0;
  return Number.isSafeInteger(atMs) ? atMs : 0;
}

function readDeath(value: Value): Death | undefined {
  if (value.type !== "table") return undefined;
  const field = (name: string): Value | undefined => findHeader(value.value, name);
  const reason = reasonsByName.get(textOf(field("reason")) ?? "");
  const queue = textOf(field("queue"));
  const count = countOf(field("count"));
  if (reason === undefined || queue === undefined || count === undefined) return undefined;
  const keys = field("routing-keys");
  const originalTtl = textOf(field("original-expiration"));
  return {
    reason,
    queue,
    count,
    exchange: textOf(field("exchange")) ?? "",
    keys: keys?.type === "array" ? keys.value.map((key) => textOf(key) ?? "") : [],
    atMs: timeOf(field("time")),
    originalTtlMs: originalTtl === undefined ? undefined : Number(originalTtl),
  };
}
