import { setTimeout as wait } from "node:timers/promises";
import type { Job, Outcome } from "../flow.ts";
import { openMqtt, subscribeMqtt } from "../wire/mqtt.ts";
import { portOf } from "../wire/open-publisher.ts";
import { processorTimeUs, residentBytes } from "./process-cost.ts";

/** Opens many MQTT connections with one subscription each, and leaves them alone. */
export async function runIdle(job: Job): Promise<Outcome> {
  const port = portOf(job.ports, "mqtt");
  await open(port, 0, 100);
  const before = residentBytes(job.pid).now;
  for (let at = 100; at < job.connections; at += 100) await open(port, at, 100);
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

async function open(port: number, first: number, count: number): Promise<void> {
  const session = { version: 4, durable: false, webSocket: false } as const;
  await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const link = await openMqtt(port, { ...session, clientId: `idle-${first + i}` });
      await subscribeMqtt(link, [`idle/${first + i}`], 0, 4);
    }),
  );
}
