import { cpus, loadavg, release, totalmem } from "node:os";
import type { Case } from "../cases/case.ts";
import { cells, headings, type Row } from "./row.ts";
import { table } from "./table.ts";

/** The whole of RESULTS.md. */
export function results(rows: readonly Row[], versions: readonly string[], command: string): string {
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? "?"}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}`;
  const asked = new Map<string, Case>(rows.map((row) => [row.asked.name, row.asked]));
  const questions = [...asked.values()].map(({ name, question }) => [name, question]);
  return `# Results

Written by \`${command}\`; do not edit.

- Machine: ${machine}
- Node ${process.version}; ${versions.join(", ")}
- Processes that wanted a core in the last quarter of an hour: ${(loadavg()[2] ?? 0).toFixed(1)}. Much more than two
  is other work: it makes every latency and every rate worse, and processor time by up to a half.
- Date: ${new Date().toISOString().slice(0, 10)}

CPU µs/msg is the broker's processor time, kernel included, for each message delivered: the figure to compare.
Broker and load have a core each. Latency is measured from the moment a message was due in the paced cases, and from
when it was written in the others, where it is mostly the time that the full window takes to pass.

${table(headings, rows.map(cells))}

## The questions

${table(["case", "question"], questions)}
`;
}
