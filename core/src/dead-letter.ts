import type { Death, DeathReason, Message } from "./message.ts";

/**
 * The history of a message that dies once more: the same queue and reason counts up and comes first, as
 * RabbitMQ keeps it in `x-death`.
 */
export function addDeath(message: Message, queue: string, reason: DeathReason, nowMs: number): Death[] {
  const earlier = message.deaths.find((death) => death.queue === queue && death.reason === reason);
  const others = message.deaths.filter((death) => death !== earlier);
  const originalTtlMs = message.ttlRaw === undefined ? undefined : ttlOf(message);
  const latest: Death =
    earlier === undefined
      ? {
          reason,
          queue,
          exchange: message.exchange,
          keys: [message.topic.key, ...(message.copies ?? []).map(({ key }) => key)],
          count: 1,
          atMs: nowMs,
          originalTtlMs,
        }
      : { ...earlier, count: earlier.count + 1 };
  return [latest, ...others];
}

function ttlOf(message: Message): number | undefined {
  return message.expiresAtMs === undefined ? undefined : message.expiresAtMs - message.receivedAtMs;
}

/**
 * True when the message comes round to a queue where it died before and no consumer rejected it on the
 * way: it would go round for ever.
 */
export function isDeadLetterCycle(message: Message, queue: string): boolean {
  const index = message.deaths.findIndex((death) => death.queue === queue);
  if (index === -1) return false;
  return message.deaths.slice(0, index + 1).every(({ reason }) => reason !== "rejected");
}

/** The death that came first: the list is ordered by the latest, and one that recurs moves to the front. */
export function firstDeath(deaths: readonly Death[]): Death | undefined {
  return deaths.reduceRight<Death | undefined>(
    (first, death) => (first === undefined || isBefore(death, first) ? death : first),
    undefined,
  );
}

/** Within one millisecond, the one that recurred came first. */
function isBefore(a: Death, b: Death): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.count > b.count);
}
