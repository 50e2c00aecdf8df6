import {
  connectTestClient,
  FakeClock,
  makeTestMessage,
  openTestBroker,
  PLAIN_QUEUE,
  SlowEngine,
} from "@dragoman/core/testing";
import { expect, it, vi } from "vitest";
import { SILENT } from "./log.ts";
import { Monitor, systemGauges } from "./monitor.ts";

const MARK_BYTES = 1_000;

async function setUp(): Promise<{
  readonly monitor: Monitor;
  readonly gauges: { share: number; freeBytes: number | undefined; garbage: number; collections: number };
  readonly reason: () => string;
  readonly clock: FakeClock;
  readonly engine: SlowEngine;
  readonly publish: () => void;
}> {
  const clock = new FakeClock();
  const engine = new SlowEngine();
  const { broker: core } = await openTestBroker({ clock, engine });
  const client = await connectTestClient(core);
  await client.declareQueue("q", { ...PLAIN_QUEUE, durable: true });
  const gauges = { share: 0.5, freeBytes: 5_000, garbage: 0, collections: 0 };
  const collect = (): number => {
    gauges.collections++;
    gauges.garbage = 0;
    return 100;
  };
  const monitor = new Monitor(
    { core, engine, clock, log: SILENT },
    {
      memory: () => gauges.share + gauges.garbage,
      collect,
      freeDiskBytes: () => Promise.resolve(gauges.freeBytes),
    },
    MARK_BYTES,
  );
  const publish = (): void => void client.publish(makeTestMessage(client, { key: "q" }, { durable: true }));
  return { monitor, gauges, reason: () => core.pressure.reason, clock, engine, publish };
}

it("stops publishers at the mark for memory, and lets them go on well below it", async () => {
  const { monitor, gauges, reason } = await setUp();
  const seen: string[] = [];
  for (const share of [0.99, 1.01, 0.95, 0.89, 0.95]) {
    gauges.share = share;
    await monitor.look();
    seen.push(reason());
  }

  expect(seen).toEqual(["", "low on memory", "low on memory", "", ""]);
});

it("does not stop publishers for garbage, but has it collected", async () => {
  const { monitor, gauges, reason } = await setUp();
  gauges.garbage = 0.6;
  await monitor.look();

  expect([reason(), gauges.collections]).toEqual(["", 1]);
});

it("has garbage collected no more often than a twentieth of the time allows", async () => {
  const { monitor, gauges, clock } = await setUp();
  gauges.share = 2;
  const seen: number[] = [];
  for (const afterMs of [0, 1_000, 999, 1, 2_000]) {
    clock.advance(afterMs);
    await monitor.look();
    seen.push(gauges.collections);
  }

  expect(seen).toEqual([1, 1, 1, 2, 3]);
});

it("stops publishers when little of the disk is free, and lets them go on when there is clearly more", async () => {
  const { monitor, gauges, reason } = await setUp();
  const seen: string[] = [];
  for (const freeBytes of [1_001, 999, 1_050, 1_200, undefined]) {
    gauges.freeBytes = freeBytes;
    await monitor.look();
    seen.push(reason());
  }

  expect(seen).toEqual(["", "low on disk", "low on disk", "", ""]);
});

it("lets publishers go on when a backlog was read, though the disk has got no fuller nor emptier", async () => {
  const { monitor, gauges, reason, engine } = await setUp();
  gauges.freeBytes = 900;
  const seen: string[] = [];
  for (const unusedBytes of [0, 99, 250, 0]) {
    engine.unusedBytes = unusedBytes;
    await monitor.look();
    seen.push(reason());
  }

  expect(seen).toEqual(["low on disk", "low on disk", "", "low on disk"]);
});

it("stops publishers while a commit takes long, until it has succeeded", async () => {
  const { monitor, reason, clock, engine, publish } = await setUp();
  const seen: string[] = [];
  const lookLater = (): void => {
    clock.advance(500);
    seen.push(reason());
  };
  monitor.start();
  engine.stall();
  publish();
  for (let look = 0; look < 4; look++) lookLater();
  engine.commit();
  seen.push(reason());

  const isSlow = "the storage is slow or fails";
  expect(seen).toEqual(["", "", isSlow, isSlow, ""]);
  monitor.stop();
});

it("takes commits that come one after the other for what they are", async () => {
  const { monitor, reason, clock, engine, publish } = await setUp();
  monitor.start();
  engine.stall();
  for (let look = 0; look < 10; look++) {
    publish();
    clock.advance(500);
    expect(reason()).toBe("");
    publish();
    engine.commit();
    engine.stall();
  }
  monitor.stop();
});

it("looks again and again until it is stopped", async () => {
  const { monitor, gauges, reason, clock } = await setUp();
  monitor.start();
  gauges.share = 2;
  clock.advance(1_000);
  expect(reason()).toBe("low on memory");
  monitor.stop();
  gauges.share = 0;
  clock.advance(10_000);

  expect(reason()).toBe("low on memory");
});

it("measures this machine", async () => {
  const gauges = systemGauges(40, process.cwd());

  expect(gauges.memory()).toBeGreaterThan(0);
  expect(gauges.memory()).toBeLessThan(1);
  expect(gauges.collect()).toBeGreaterThan(0);
  await expect(gauges.freeDiskBytes()).resolves.toBeGreaterThan(0);
  await expect(systemGauges(40, undefined).freeDiskBytes()).resolves.toBeUndefined();
});

it.runIf(process.platform === "linux")(
  "does not know how much is free where the file system does not say",
  async () => {
    await expect(systemGauges(40, "/proc").freeDiskBytes()).resolves.toBeUndefined();
  },
);

it("measures memory though no descriptor is left to ask the system with", () => {
  const asked = vi.spyOn(process, "memoryUsage").mockImplementation(() => {
    throw Object.assign(new Error("EMFILE: too many open files, uv_resident_set_memory"), { code: "EMFILE" });
  });
  try {
    expect(systemGauges(40, undefined).memory()).toBeGreaterThan(0);
  } finally {
    asked.mockRestore();
  }
});
