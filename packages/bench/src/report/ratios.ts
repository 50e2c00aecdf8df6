import type { Row } from "./row.ts";

/** For each case that both have run: what it costs now, as a multiple of what it cost in the build compared with. */
export function ratios(rows: readonly Row[], now: string, before: string): string[] {
  return rows.flatMap(({ asked, broker, outcome }) => {
    if (broker !== now) return [];
    const other = rows.find((row) => row.asked === asked && row.broker === before);
    const cost = costOf(outcome);
    const costBefore = costOf(other?.outcome);
    if (cost === undefined || costBefore === undefined) return [];
    return [`${asked.name}: ${(cost / costBefore).toFixed(2)} of the processor time for each message`];
  });
}

function costOf(outcome: Row["outcome"] | undefined): number | undefined {
  if (outcome === undefined || typeof outcome === "string" || outcome.delivered === 0) return undefined;
  return outcome.serverCpuUs / outcome.delivered;
}
