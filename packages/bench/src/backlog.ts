import { once } from "node:events";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BrokerKind, RunningBroker } from "./brokers/broker.ts";
import { cores, spawnOn } from "./brokers/child.ts";
import type { BacklogJob, BacklogOutcome } from "./load/backlog-main.ts";
import { ownBytes } from "./load/process-cost.ts";

const program = fileURLToPath(new URL("load/backlog-main.js", import.meta.url));
const SAMPLE_MS = 50;

export const backlogHeadings: readonly string[] = [
  "broker",
  "confirmed/s",
  "own MB",
  "disk MB",
  "restart ms",
  "read/s",
  "own MB after",
  "lost",
  "dup",
  "order",
];

/**
 * Fills a durable queue with persistent messages of 256 B, kills the broker, starts it again and reads everything
 * back in order.
 *
 * @returns cells under `backlogHeadings`; undefined when the broker cannot be asked
 */
export async function runBacklog(kind: BrokerKind, messages: number): Promise<string[] | undefined> {
  const broker = await kind.start({ durable: true });
  const { afterlife, ports } = broker;
  try {
    if (afterlife === undefined || ports.amqp === undefined) return undefined;
    const [filled, peakBytes] = await step(broker, { step: "fill", port: ports.amqp, messages });
    const diskBytes = await sizeOf(afterlife.directory);
    const startMs = performance.now();
    await afterlife.crash();
    const restartMs = performance.now() - startMs;
    const [read, peakAfterBytes] = await step(broker, { step: "read", port: ports.amqp, messages });
    return [
      kind.name,
      perSecond(messages - filled.lost, filled),
      megabytes(peakBytes),
      megabytes(diskBytes),
      Math.round(restartMs).toLocaleString("en-US"),
      perSecond(messages - read.lost, read),
      megabytes(peakAfterBytes),
      ...[read.lost, read.duplicated, read.outOfOrder].map(String),
    ];
  } finally {
    await broker.stop();
  }
}

/** Runs one half in a process of its own; tells also how much memory the broker held at most meanwhile. */
async function step({ pid }: RunningBroker, job: BacklogJob): Promise<[BacklogOutcome, number]> {
  const child = spawnOn(cores.load, process.execPath, [program, JSON.stringify(job)]);
  let [output, errors, peakBytes] = ["", "", 0];
  child.stdout?.on("data", (chunk) => (output += String(chunk)));
  child.stderr?.on("data", (chunk) => (errors += String(chunk)));
  const sampler = setInterval(() => (peakBytes = Math.max(peakBytes, ownBytes(pid))), SAMPLE_MS);
  await once(child, "close");
  clearInterval(sampler);
  if (child.exitCode !== 0) throw new Error(`no outcome: ${errors}`);
  const outcome: BacklogOutcome = JSON.parse(output);
  return [outcome, peakBytes];
}

/** Bytes that the files of a directory take on the disk. */
async function sizeOf(directory: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) bytes += (await stat(join(entry.path, entry.name))).blocks * 512;
  }
  return bytes;
}

function perSecond(count: number, { seconds }: BacklogOutcome): string {
  return Math.round(count / seconds).toLocaleString("en-US");
}

function megabytes(bytes: number): string {
  return Math.round(bytes / 2 ** 20).toLocaleString("en-US");
}
