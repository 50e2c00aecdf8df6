import { firstDeath } from "./dead-letter.ts";
import type { Message } from "./message.ts";

/**
 * Who published, as headers for a receiver of another protocol. They overwrite headers of these names, so
 * that nobody can claim to be another; within one protocol nothing is added.
 */
export function publisherHeaders({ publisher }: Message): readonly (readonly [name: string, text: string])[] {
  return [
    ["x-publisher-id", publisher.clientId],
    ["x-publisher-user", publisher.user],
    ["x-publisher-protocol", publisher.protocol],
  ];
}

/** The history of dead-lettering for protocols whose headers are text: RabbitMQ's names, the list as JSON. */
export function deathHeaders({ deaths }: Message): readonly (readonly [name: string, text: string])[] {
  const first = firstDeath(deaths);
  if (first === undefined) return [];
  const list = deaths.map(({ reason, queue, exchange, keys, count, atMs, originalTtlMs }) => ({
    count,
    reason: DEATH_REASONS[reason],
    queue,
    time: Math.floor(atMs / 1_000),
    exchange,
    "routing-keys": keys,
    ...(originalTtlMs === undefined ? {} : { "original-expiration": String(originalTtlMs) }),
  }));
  return [
    ["x-death", JSON.stringify(list)],
    ["x-first-death-reason", DEATH_REASONS[first.reason]],
    ["x-first-death-queue", first.queue],
    ["x-first-death-exchange", first.exchange],
  ];
}

/** RabbitMQ's words for the reasons, which retry logic everywhere reads. */
export const DEATH_REASONS = {
  rejected: "rejected",
  expired: "expired",
  overflow: "maxlen",
  "delivery-limit": "delivery_limit",
} as const;
