import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { allCases } from "../cases/all-cases.ts";
import type { BrokerKind, RunningBroker } from "../brokers/broker.ts";
import { ownBytes } from "../load/process-cost.ts";
import { drive } from "../run-case.ts";
import { openSessions, publishRetained } from "./build-state.ts";
import type { ScaleCase } from "./scale-case.ts";

/** Milliseconds in which a broker comes to rest: garbage is collected, what was read ahead is let go. */
const REST_MS = 5_000;

/** What a broker needs for what it keeps. */
export interface ScaleOutcome {
  /** Memory in bytes, mapped files not counted: of the broker as it started empty, and with each thing that came. */
  readonly emptyBytes: number;
  readonly sessionsBytes: number;
  readonly retainedBytes: number;
  readonly restartedBytes: number;
  /** Milliseconds from the command to the first connection, beside those with nothing to take back. */
  readonly startMs: number;
  readonly emptyStartMs: number;
  /** Broker CPU in microseconds for each message of `mqtt-qos0-1-1`, after the restart and beside nothing. */
  readonly costUs: number;
  readonly emptyCostUs: number;
}

/** Fills a broker by MQTT, stops it, starts it again with the same command, and sends traffic beside it all. */
export async function runScale(kind: BrokerKind, asked: ScaleCase, seconds: number): Promise<ScaleOutcome> {
  const directory = await mkdtemp(join(tmpdir(), "bench-scale-"));
  try {
    const first = await running(kind, directory, async (broker, emptyStartMs) => {
      const [emptyBytes, emptyCostUs] = [await restedBytes(broker), await costUs(broker, seconds)];
      return { emptyStartMs, emptyBytes, emptyCostUs, ...(await fill(broker, asked)) };
    });
    const again = await running(kind, directory, async (broker, startMs) => {
      const restartedBytes = await restedBytes(broker);
      return { startMs, restartedBytes, costUs: await costUs(broker, seconds) };
    });
    return { ...first, ...again };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function fill(
  broker: RunningBroker,
  asked: ScaleCase,
): Promise<Pick<ScaleOutcome, "sessionsBytes" | "retainedBytes">> {
  const { mqtt = 0 } = broker.ports;
  await openSessions(mqtt, asked);
  const sessionsBytes = await restedBytes(broker);
  await publishRetained(mqtt, asked);
  return { sessionsBytes, retainedBytes: await restedBytes(broker) };
}

/** Starts the broker, tells `use` how long that took, and stops it whatever happens. */
async function running<T>(
  kind: BrokerKind,
  directory: string,
  use: (broker: RunningBroker, startMs: number) => Promise<T>,
): Promise<T> {
  const beginMs = performance.now();
  const broker = await kind.start({ durable: true, directory });
  try {
    return await use(broker, performance.now() - beginMs);
  } finally {
    await broker.stop();
  }
}

async function restedBytes({ pid }: RunningBroker): Promise<number> {
  await wait(REST_MS);
  return ownBytes(pid);
}

async function costUs({ pid, ports }: RunningBroker, seconds: number): Promise<number> {
  const flow = allCases.find(({ name }) => name === "mqtt-qos0-1-1")?.flow;
  if (flow === undefined) throw new Error("the case to compare with is gone");
  const measureMs = seconds * 1_000;
  const job = { flow, connections: 0, ports, pid, warmUpMs: Math.min(2_000, measureMs), measureMs };
  const { serverCpuUs, delivered } = await drive(job);
  return serverCpuUs / delivered;
}
