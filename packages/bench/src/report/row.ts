import type { Case } from "../cases/case.ts";
import type { Outcome } from "../flow.ts";

/** One line of the table: what one broker did in one case. */
export interface Row {
  readonly asked: Case;
  readonly broker: string;
  /** The error's text when the case could not be run. */
  readonly outcome: Outcome | string;
}

export const headings: readonly string[] = [
  "case",
  "broker",
  "msgs/s",
  "CPU µs/msg",
  "p50 µs",
  "p99 µs",
  "p99.9 µs",
  "peak MB",
  "lost",
  "dup",
  "order",
  "note",
];

/** The cells of one line, under `headings`. */
export function cells({ asked, broker, outcome }: Row): string[] {
  if (typeof outcome === "string") return [asked.name, broker, ...Array<string>(9).fill(""), outcome];
  const { latencyUs, delivered, seconds } = outcome;
  return [
    asked.name,
    broker,
    delivered === 0 ? "" : Math.round(delivered / seconds).toLocaleString("en-US"),
    delivered === 0 ? "" : significant(outcome.serverCpuUs / delivered),
    latencyUs === undefined ? "" : Math.round(latencyUs.p50).toString(),
    latencyUs === undefined ? "" : Math.round(latencyUs.p99).toString(),
    latencyUs === undefined ? "" : Math.round(latencyUs.p999).toString(),
    Math.round(outcome.peakBytes / 2 ** 20).toString(),
    outcome.lost.toString(),
    outcome.duplicated.toString(),
    outcome.outOfOrder.toString(),
    note(outcome, isPaced(asked)),
  ];
}

function isPaced({ flow }: Case): boolean {
  return flow !== "idle" && flow.ratePerSecond !== undefined;
}

function note(outcome: Outcome, paced: boolean): string {
  const { bytesPerConnection, fdatasyncsPerSecond, generatorLoad, seconds } = outcome;
  const serverLoad = outcome.serverCpuUs / 1e6 / seconds;
  if (bytesPerConnection !== undefined) {
    return `${(bytesPerConnection / 1024).toFixed(1)} KiB per connection, ${(serverLoad * 100).toFixed(1)} % of a core`;
  }
  if (outcome.tenths !== undefined) return tenthByTenth(outcome.tenths);
  if (fdatasyncsPerSecond !== undefined) return toDisk(fdatasyncsPerSecond, outcome.commitsPerSecond);
  if (paced) return "";
  if (generatorLoad > 0.9 && serverLoad < 0.9) return "the generator was the limit";
  if (serverLoad < 0.8) return `server at ${Math.round(serverLoad * 100)} % of its core`;
  return "";
}

/** What a commit costs at least is an fdatasync: how many there were, of how many there could have been. */
function toDisk(fdatasyncsPerSecond: number, commitsPerSecond: number | undefined): string {
  const limit = `the disk does ${Math.round(fdatasyncsPerSecond)} fdatasync/s`;
  if (commitsPerSecond === undefined) return limit;
  const share = Math.round((commitsPerSecond / fdatasyncsPerSecond) * 100);
  return `${Math.round(commitsPerSecond)} commits/s, ${share} %: ${limit}`;
}

function tenthByTenth(tenths: NonNullable<Outcome["tenths"]>): string {
  const memory = tenths.map(({ residentBytes }) => Math.round(residentBytes / 2 ** 20));
  const p99 = tenths.map(({ p99Us }) => Math.round(p99Us));
  return `MB ${memory.join(" ")}; p99 µs ${p99.join(" ")}`;
}

function significant(value: number): string {
  return value < 0.1 ? value.toFixed(3) : value < 10 ? value.toFixed(2) : value.toFixed(1);
}
