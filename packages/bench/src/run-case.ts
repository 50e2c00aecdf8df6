import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { BrokerKind, Feature } from "./brokers/broker.ts";
import { cores, spawnOn } from "./brokers/child.ts";
import type { Case } from "./cases/case.ts";
import { fdatasyncsPerSecond } from "./disk.ts";
import type { Flow, Job, Outcome } from "./flow.ts";

const loadProgram = fileURLToPath(new URL("load/main.js", import.meta.url));

/** Whether the broker speaks what the case needs. */
export function canRun({ speaks }: BrokerKind, { flow, durability }: Case): boolean {
  if (flow === "idle") return speaks.has("mqtt");
  const { from, to } = flow;
  const isMqtt = from.protocol === "mqtt";
  const needs: readonly (Feature | false)[] = [
    from.protocol,
    to.protocol,
    (from.webSocket === true || to.webSocket === true) && "webSocket",
    isMqtt && from.qos === 2 && "mqtt-qos2",
    isMqtt && from.version === 5 && "mqtt5",
    durability !== undefined && "durability-os",
  ];
  return needs.every((need) => need === false || speaks.has(need));
}

/** Starts the broker afresh, drives the case from a process of its own, and stops the broker. */
export async function runCase(kind: BrokerKind, asked: Case, seconds: number): Promise<Outcome | string> {
  try {
    const { flow } = asked;
    const disk =
      flow !== "idle" && flow.subscribers === 0 ? { fdatasyncsPerSecond: fdatasyncsPerSecond() } : {};
    const broker = await kind.start({ durable: isDurable(flow), durability: asked.durability });
    try {
      const { pid, ports } = broker;
      const measureMs = seconds * 1000;
      const warmUpMs = Math.min(2000, measureMs);
      return { ...(await drive({ flow, connections: 10_000, ports, pid, warmUpMs, measureMs })), ...disk };
    } finally {
      await broker.stop();
    }
  } catch (error) {
    return firstLine(error instanceof Error ? error.message : String(error));
  }
}

/** Lets a process of its own make the load. */
export async function drive(job: Job): Promise<Outcome> {
  const child = spawnOn(cores.load, process.execPath, [
    "--max-semi-space-size=64",
    loadProgram,
    JSON.stringify(job),
  ]);
  let output = "";
  let errors = "";
  child.stdout?.on("data", (chunk) => (output += String(chunk)));
  child.stderr?.on("data", (chunk) => (errors += String(chunk)));
  const late = setTimeout(() => child.kill("SIGKILL"), job.warmUpMs + job.measureMs + 60_000);
  await once(child, "close");
  clearTimeout(late);
  if (child.exitCode !== 0) throw new Error(/^\w*Error: .*$/m.exec(errors)?.[0] ?? `no outcome: ${errors}`);
  const outcome: Outcome = JSON.parse(output);
  return outcome;
}

function isDurable(flow: Flow | "idle"): boolean {
  if (flow === "idle" || flow.to.protocol === "stomp") return false;
  return flow.to.durable === true;
}

function firstLine(text: string): string {
  return (text.split("\n")[0] ?? "").replaceAll("|", "/").slice(0, 100);
}
