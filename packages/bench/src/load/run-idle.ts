import { setTimeout as wait } from "node:timers/promises";
import type { Job, Outcome } from "../flow.ts";
import { portOf } from "../wire/open-publisher.ts";
import { openIdle } from "./bystanders.ts";
import { processorTimeUs, residentBytes } from "./process-cost.ts";

/** Opens many MQTT connections with one subscription each, and leaves them alone. */
export async function runIdle(job: Job): Promise<Outcome> {
  const port = portOf(job.ports, "mqtt");
  await openIdle(port, 0, 100);
  const before = residentBytes(job.pid).now;
  await openIdle(port, 100, job.connections - 100);
  await wait(job.warmUpMs);
  const startUs = processorTimeUs(job.pid);
  await wait(job.measureMs);
  const { now, peak } = residentBytes(job.pid);
  return {
    delivered: 0,
    seconds: job.measureMs / 1000,
    serverCpuUs: processorTimeUs(job.pid) - startUs,
    generatorLoad: 0,
    peakBytes: peak,
    bytesPerConnection: (now - before) / (job.connections - 100),
    lost: 0,
    duplicated: 0,
    outOfOrder: 0,
  };
}
