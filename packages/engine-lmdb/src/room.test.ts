import type * as FileSystem from "node:fs";
import { mkdtempSync, rmSync, type StatsFs } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectTestClient, makeTestMessage, openTestBroker, PLAIN_QUEUE } from "@dragoman/core/testing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LmdbEngine } from "./lmdb-engine.ts";

const disk = vi.hoisted(() => ({ bytes: 0, freeBytes: 0 }));
vi.mock("node:fs", async (importOriginal) => ({
  ...(await importOriginal<typeof FileSystem>()),
  statfsSync: (): Pick<StatsFs, "blocks" | "bavail" | "bsize"> => ({
    blocks: disk.bytes,
    bavail: disk.freeBytes,
    bsize: 1,
  }),
}));

const PLENTY = 2 ** 40;
const RESERVE = 2 ** 25;

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "dragoman-room-"));
  disk.bytes = 2 * PLENTY;
  disk.freeBytes = PLENTY;
});
afterEach(() => rmSync(directory, { recursive: true }));

describe("a disk with little room", () => {
  it("fails a commit that may not fit, which is made as soon as there is room", async () => {
    const engine = new LmdbEngine({ directory, retryMs: 1 });
    const { broker } = await openTestBroker({ engine });
    const failures: unknown[] = [];
    engine.onFailure((cause) => void failures.push(cause));
    const client = await connectTestClient(broker);
    await client.declareQueue("q", { ...PLAIN_QUEUE, durable: true });
    disk.freeBytes = RESERVE + 2_000;

    const body = Buffer.alloc(1_000);
    client.publish(makeTestMessage(client, { key: "q" }, { durable: true, body }));
    const batch = engine.gathering;
    await vi.waitUntil(() => failures.length >= 2);
    expect(failures[0]).toMatchObject({ code: "ENOSPC" });
    expect(engine.committed).toBeLessThan(batch);
    expect(broker.pressure.reason).toBe("the storage is slow or fails");

    disk.freeBytes = PLENTY;
    await vi.waitUntil(() => engine.committed >= batch);
    expect(broker.pressure.isOn).toBe(false);
    await broker.close();
  });

  it("commits settlements where there is none for messages", async () => {
    const engine = new LmdbEngine({ directory });
    const { broker } = await openTestBroker({ engine });
    const client = await connectTestClient(broker);
    await client.declareQueue("q", { ...PLAIN_QUEUE, durable: true });
    const body = Buffer.alloc(100_000);
    client.publish(makeTestMessage(client, { key: "q" }, { durable: true, body }));
    await vi.waitUntil(() => engine.committed === engine.gathering);
    disk.freeBytes = RESERVE + 2_000;

    await client.purgeQueue("q");
    expect(engine.committed).toBe(engine.gathering);
    await broker.close();
  });

  it("is not taken for one where the file system does not say", async () => {
    disk.bytes = 0;
    disk.freeBytes = 0;
    const engine = new LmdbEngine({ directory });
    await engine.open();
    engine.metadata.put("vhost", "v", new Uint8Array());

    await expect(engine.close()).resolves.toBeUndefined();
  });

  it("refuses to begin a data file there", async () => {
    disk.freeBytes = RESERVE - 1;

    await expect(new LmdbEngine({ directory }).open()).rejects.toMatchObject({
      code: "unavailable",
      cause: { code: "ENOSPC" },
    });
  });
});
