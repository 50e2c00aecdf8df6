import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectTestClient, makeTestMessage, openTestBroker, PLAIN_QUEUE } from "@dragoman/core/testing";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { checkDirectory } from "./check.ts";
import { LmdbEngine } from "./lmdb-engine.ts";
import { Store } from "./store.ts";

let directory: string;
let engine: LmdbEngine;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "dragoman-reopening-"));
  engine = new LmdbEngine({ directory, retryMs: 1 });
  await engine.open();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await engine.close();
  rmSync(directory, { recursive: true });
});

/** The next transaction fails in its last step, after which the library does nothing more. */
function failOnce(): void {
  vi.spyOn(Store.prototype, "transaction").mockRejectedValueOnce(new Error("EIO"));
  vi.spyOn(Store.prototype, "isUsable", "get").mockReturnValueOnce(false);
}

/** The data directory as it would be found if the process ended now. */
function copyTo(target: string): void {
  mkdirSync(target);
  for (const file of ["format", "dragoman.mdb"]) copyFileSync(join(directory, file), join(target, file));
}

async function put(name: string): Promise<void> {
  engine.metadata.put("exchange", name, Buffer.from(name));
  const batch = engine.gathering;
  await vi.waitUntil(() => engine.committed >= batch);
}

it("opens the file anew as soon as nothing more can be done with it, and goes on", async () => {
  await put("before");
  const reopen = vi.spyOn(Store.prototype, "reopen");
  const readable: unknown[] = [];
  engine.onFailure(() => void readable.push(engine.metadata.get("exchange", "before")?.toString()));
  failOnce();

  await put("after");

  expect(reopen).toHaveBeenCalledTimes(1);
  expect(readable).toEqual(["before"]);
  expect(engine.metadata.get("exchange", "after")?.toString()).toBe("after");
});

it("tries again to open it where that fails", async () => {
  const reopen = vi.spyOn(Store.prototype, "reopen");
  const failures: unknown[] = [];
  engine.onFailure((cause) => void failures.push(cause));
  failOnce();
  reopen.mockImplementationOnce(async function (this: Store) {
    await this.close();
    throw new Error("EMFILE");
  });

  await put("after");

  expect(failures).toEqual([new Error("EMFILE")]);
  expect(reopen).toHaveBeenCalledTimes(2);
});

it("writes with another attempt what was to be written with the first, whatever happened since", async () => {
  await engine.close();
  const { broker } = await openTestBroker({ engine: (engine = new LmdbEngine({ directory, retryMs: 20 })) });
  const client = await connectTestClient(broker);
  await client.declareQueue("q", { ...PLAIN_QUEUE, durable: true });
  vi.spyOn(Store.prototype, "transaction").mockRejectedValueOnce(new Error("EIO"));
  client.publish(makeTestMessage(client, { key: "q" }, { durable: true }));
  const batch = engine.gathering;
  await new Promise<void>((resolve) => engine.onFailure(() => resolve()));
  const deleting = client.deleteQueue("q", { ifUnused: false, ifEmpty: false });
  const killed = join(directory, "killed");
  engine.onCommit((committed) => {
    if (committed === batch) copyTo(killed);
  });
  await deleting;

  const { messages, problems } = await checkDirectory(killed, []);
  expect({ messages, problems }).toEqual({ messages: 1, problems: [] });
});

it("says that a record cannot be read meanwhile", async () => {
  await put("before");
  vi.spyOn(Store.prototype, "isOpen", "get").mockReturnValueOnce(false);

  expect(() => engine.metadata.get("exchange", "before")).toThrow(
    expect.objectContaining({ code: "unavailable" }),
  );
});
