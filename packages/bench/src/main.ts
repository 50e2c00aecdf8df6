import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { backlogHeadings, runBacklog } from "./backlog.ts";
import { aedes } from "./brokers/aedes.ts";
import type { BrokerKind } from "./brokers/broker.ts";
import { dragoman } from "./brokers/dragoman.ts";
import { mosquitto } from "./brokers/mosquitto.ts";
import { natsServer } from "./brokers/nats-server.ts";
import { rabbitmq } from "./brokers/rabbitmq.ts";
import { allCases } from "./cases/all-cases.ts";
import { flatCases } from "./cases/flat.ts";
import type { Case } from "./cases/case.ts";
import { soakCases } from "./cases/soak.ts";
import { type Options, readOptions, usage } from "./options.ts";
import { ratios } from "./report/ratios.ts";
import { results } from "./report/results.ts";
import { cells, headings, type Row } from "./report/row.ts";
import { table } from "./report/table.ts";
import { canRun, runCase } from "./run-case.ts";
import { runScale } from "./scale/run-scale.ts";
import { scaleCases } from "./scale/scale-case.ts";
import { scaleCells, scaleHeadings } from "./scale/scale-row.ts";

const resultsFile = fileURLToPath(new URL("../RESULTS.md", import.meta.url));

const OURS = "Dragoman";
const BASELINE = "baseline";

const options = understood(process.argv.slice(2));
if (options === "help") process.stdout.write(`${usage}\n`);
else if (options !== undefined) await run(options);

/** Undefined when they are wrong, and that was said. */
function understood(args: readonly string[]): Options | "help" | undefined {
  try {
    return readOptions(args);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    process.stderr.write(`${error.message}\n\n${usage}\n`);
    process.exitCode = 2;
    return undefined;
  }
}

async function run(asked: Options): Promise<void> {
  const brokers = await brokersOf(asked);
  if (asked.scale) return scale(asked, brokers);
  if (asked.backlog !== undefined) return pileUp(asked.backlog, brokers);
  const rows: Row[] = [];
  for (const each of casesOf(asked)) {
    for (const { kind } of brokers) {
      if (!canRun(kind, each)) continue;
      process.stderr.write(`${each.name}, ${kind.name} … `);
      const row = { asked: each, broker: kind.name, outcome: await runCase(kind, each, asked.seconds) };
      const [, , rate = "", cost = ""] = cells(row);
      process.stderr.write(`${rate}/s, ${cost} µs ${cells(row).at(-1)}\n`);
      rows.push(row);
    }
  }
  process.stdout.write(`${table(headings, rows.map(cells))}\n`);
  for (const line of ratios(rows, OURS, BASELINE)) process.stdout.write(`${line}\n`);
  if (!asked.write) return;
  const versions = brokers.map(({ kind, version }) => `${kind.name} ${version}`);
  const command = `npm run bench -- ${process.argv.slice(2).join(" ")}`;
  await writeFile(resultsFile, results(rows, versions, command));
}

async function scale({ cases, seconds }: Options, brokers: readonly { kind: BrokerKind }[]): Promise<void> {
  const chosen = scaleCases.filter(({ name }) => cases.length === 0 || cases.includes(name));
  const rows: string[][] = [];
  for (const each of chosen) {
    for (const { kind } of brokers) {
      const row = scaleCells(each, kind.name, await runScale(kind, each, seconds));
      process.stderr.write(`${row.join("  ")}\n`);
      rows.push(row);
    }
  }
  process.stdout.write(`${table(scaleHeadings, rows)}\n`);
}

async function pileUp(messages: number, brokers: readonly { kind: BrokerKind }[]): Promise<void> {
  const rows: (readonly string[])[] = [];
  for (const { kind } of brokers) {
    if (!kind.speaks.has("amqp")) continue;
    process.stderr.write(`${messages} messages, ${kind.name} …\n`);
    const row = await runBacklog(kind, messages);
    if (row !== undefined) rows.push(row);
  }
  process.stdout.write(`${table(backlogHeadings, rows)}\n`);
}

function casesOf({ cases, short, flat }: Options): readonly Case[] {
  if (cases.length === 0 && flat) return flatCases;
  if (cases.length === 0) return short ? allCases.filter(({ isShort }) => isShort) : allCases;
  const known = [...allCases, ...flatCases, ...soakCases];
  const chosen = known.filter(({ name }) => cases.includes(name));
  if (chosen.length < cases.length) throw new Error(`cases are: ${known.map(({ name }) => name).join(", ")}`);
  return chosen;
}

/** Those that are there, ours first. */
async function brokersOf(asked: Options): Promise<{ kind: BrokerKind; version: string }[]> {
  const { baseline, peers, profile } = asked;
  const profiling = profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profile}`];
  const kinds = [
    dragoman(OURS, undefined, profiling),
    ...(baseline === undefined ? [] : [dragoman(BASELINE, baseline)]),
    ...(peers ? [mosquitto, natsServer, rabbitmq, aedes] : []),
  ];
  const found: { kind: BrokerKind; version: string }[] = [];
  for (const kind of kinds) {
    const version = await kind.version();
    if (version !== undefined) found.push({ kind, version });
  }
  return found;
}
