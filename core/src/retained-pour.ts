import { BrokerError } from "./errors.ts";
import type { Message } from "./message.ts";
import { makePattern, matchesPattern, type Pattern } from "./pattern.ts";
import type { Queue } from "./queue.ts";
import { stepsPerTurn } from "./retained-feeds.ts";
import type { Subscription } from "./subscription.ts";
import { Topic } from "./topic.ts";
import type { VirtualHost } from "./virtual-host.ts";

export interface PourTarget {
  readonly queue: Queue;
  /** Those that led the messages there, when the queue tells them apart. */
  readonly subscriptions: readonly Subscription[] | undefined;
  /** False when whoever asked for it has gone. */
  readonly isWanted: () => boolean;
}

/**
 * Puts what the topics of a pattern have retained into a queue, in portions, so that a million of them stop nobody else.
 * What is published meanwhile is not for the queue yet, but what of it was retained is there in the end, the last of
 * each topic: when `bind` is called, in the same turn of the loop, the queue has missed nothing.
 *
 * @throws BrokerError "unavailable" when nobody wants it any more
 */
export async function pourRetained<T>(
  host: VirtualHost,
  pattern: Pattern,
  { queue, subscriptions, isWanted }: PourTarget,
  bind: () => Promise<T>,
): Promise<T> {
  const { retained, timers } = host;
  const walk = retained.walk(pattern);
  try {
    while (true) {
      const found: Message[] = [];
      walk.read(stepsPerTurn, (message) => void found.push(message));
      for (const message of oldestFirst(found)) queue.enqueue(message, subscriptions);
      if (walk.isOver) break;
      await new Promise<void>((resolve) => void timers.at(timers.now(), resolve));
      if (queue.isKept) await host.durable();
      if (queue.isDeleted || !isWanted())
        throw new BrokerError("unavailable", "nobody waits for it any more");
    }
  } finally {
    walk.end();
  }
  const late = [...walk.changed].filter((path) => matchesPattern(pattern, new Topic(path)));
  const last = late.flatMap((path) =>
    retained.match(makePattern(new Topic(path).levels, pattern.hidesReserved)),
  );
  for (const message of oldestFirst(last)) queue.enqueue(message, subscriptions);
  return bind();
}

function oldestFirst(messages: readonly Message[]): readonly Message[] {
  return messages.toSorted((a, b) => a.receivedAtMs - b.receivedAtMs);
}
