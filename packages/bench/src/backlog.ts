import { once } from "node:events";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BrokerKind, RunningBroker } from "./brokers/broker.ts";
import { cores, spawnOn } from "./brokers/child.ts";
import type { BacklogJob, BacklogOutcome } from "./load/backlog-main.ts";
import { ownBytes, processorTimeUs } from "./load/process-cost.ts";

const program = fileURLToPath(new URL("load/backlog-main.js", import.meta.url));
const SAMPLE_MS = 50;

export const backlogHeadings: readonly string[] = [
  "broker",
  "confirmed/s",
  "CPU µs/msg",
  "own MB",
  "disk MB",
  "restart ms",
  "read/s",
  "CPU µs/msg",
  "own MB",
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
    const filled = await step(broker, { step: "fill", port: ports.amqp, messages });
    const diskBytes = await sizeOf(afterlife.directory);
    const startMs = performance.now();
    await afterlife.crash();
    const restartMs = performance.now() - startMs;
    const read = await step(broker, { step: "read", port: ports.amqp, messages });
    return [
      kind.name,
      ...cells(filled, messages),
      megabytes(diskBytes),
      Math.round(restartMs).toLocaleString("en-US"),
      ...cells(read, messages),
      ...[filled.lost + read.lost, read.duplicated, read.outOfOrder].map(String),
    ];
  } finally {
    await broker.stop();
  }
}

/** What one half came to, and what it cost the broker. */
interface Step extends BacklogOutcome {
  readonly cpuUs: number;
  /** The most memory that the broker held meanwhile, without mapped files. */
  readonly peakBytes: number;
}

/** Runs one half in a process of its own. */
async function step({ pid }: RunningBroker, job: BacklogJob): Promise<Step> {
  const startUs = processorTimeUs(pid);
  const child = spawnOn(cores.load, process.execPath, [program, JSON.stringify(job)]);
  let [output, errors, peakBytes] = ["", "", 0];
  child.stdout?.on("data", (chunk) => (output += String(chunk)));
  child.stderr?.on("data", (chunk) => (errors += String(chunk)));
  const sampler = setInterval(() => (peakBytes = Math.max(peakBytes, ownBytes(pid))), SAMPLE_MS);
  await once(child, "close");
  clearInterval(sampler);
  if (child.exitCode !== 0) throw new Error(`no outcome: ${errors}`);
  const outcome: BacklogOutcome = JSON.parse(output);
  return { ...outcome, cpuUs: processorTimeUs(pid) - startUs, peakBytes };
}

/** Messages per second, processor time for each and memory. */
function cells({ seconds, lost, cpuUs, peakBytes }: Step, messages: number): string[] {
  const done = messages - lost;
  return [
    Math.round(done / seconds).toLocaleString("en-US"),
    (cpuUs / done).toFixed(2),
    megabytes(peakBytes),
  ];
}

/** Bytes that the files of a directory take on the disk. */
async function sizeOf(directory: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) bytes += (await stat(join(entry.path, entry.name))).blocks * 512;
  }
  return bytes;
}

function megabytes(bytes: number): string {
  return Math.round(bytes / 2 ** 20).toLocaleString("en-US");
}
