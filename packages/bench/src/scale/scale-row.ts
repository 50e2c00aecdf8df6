import type { ScaleCase } from "./scale-case.ts";
import type { ScaleOutcome } from "./run-scale.ts";

export const scaleHeadings: readonly string[] = [
  "case",
  "broker",
  "B/session",
  "B/subscription",
  "B/retained",
  "restarted MB",
  "start s",
  "empty start s",
  "µs/msg",
  "empty µs/msg",
];

/** The cells of one line, under `scaleHeadings`. A session is counted with its subscriptions, and the other way round. */
export function scaleCells(asked: ScaleCase, broker: string, outcome: ScaleOutcome): string[] {
  const { emptyBytes, sessionsBytes, retainedBytes, restartedBytes } = outcome;
  const subscriptions = asked.sessions * asked.filtersEach;
  return [
    asked.name,
    broker,
    each(sessionsBytes - emptyBytes, asked.sessions),
    each(sessionsBytes - emptyBytes, subscriptions),
    each(retainedBytes - sessionsBytes, asked.retained),
    ((restartedBytes - emptyBytes) / 2 ** 20).toFixed(0),
    (outcome.startMs / 1_000).toFixed(1),
    (outcome.emptyStartMs / 1_000).toFixed(1),
    outcome.costUs.toFixed(2),
    outcome.emptyCostUs.toFixed(2),
  ];
}

function each(bytes: number, count: number): string {
  return count === 0 ? "" : Math.round(bytes / count).toString();
}
