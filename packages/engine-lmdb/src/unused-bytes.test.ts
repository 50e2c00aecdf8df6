import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectTestClient, makeTestMessage, openTestBroker, PLAIN_QUEUE } from "@dragoman/core/testing";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { LmdbEngine } from "./lmdb-engine.ts";

const MESSAGES = 1_000;
const BODY_BYTES = 1_000;

let directory: string;

beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), "dragoman-unused-"))));
afterEach(() => rmSync(directory, { recursive: true }));

it("is what a backlog took when it is gone, until something else is written there", async () => {
  const engine = new LmdbEngine({ directory });
  expect(engine.unusedBytes).toBe(0);
  const { broker } = await openTestBroker({ engine });
  const client = await connectTestClient(broker);
  await client.declareQueue("q", { ...PLAIN_QUEUE, durable: true });
  const publish = async (count: number): Promise<void> => {
    const body = Buffer.alloc(BODY_BYTES);
    for (let i = 0; i < count; i++)
      client.publish(makeTestMessage(client, { key: "q" }, { durable: true, body }));
    await client.vhost.durable();
  };
  await publish(MESSAGES);
  const full = engine.unusedBytes;
  await client.purgeQueue("q");
  await vi.waitUntil(() => engine.unusedBytes > full + MESSAGES * BODY_BYTES);
  const empty = engine.unusedBytes;
  // What the latest commits left is not written to before it is sure that they are the latest.
  for (let commit = 0; commit < 5; commit++) await publish(1);
  await publish(MESSAGES);

  expect(engine.unusedBytes).toBeLessThan(empty - MESSAGES * BODY_BYTES);
  await broker.close();
  expect(engine.unusedBytes).toBe(0);
});
