import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runCommand, type Surroundings } from "./command.ts";
import { createBroker } from "./create-broker.ts";

let parent: string;
let dataDir: string;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "dragoman-data-commands-"));
  dataDir = join(parent, "data");
});
afterEach(() => rmSync(parent, { recursive: true }));

/** Runs the command and returns its exit code with everything that it said. */
async function run(...words: string[]): Promise<readonly [code: number, said: string]> {
  const output = new PassThrough({ encoding: "utf8" });
  const nothing = new PassThrough();
  const surroundings: Surroundings = {
    env: {},
    stdin: nothing,
    stdout: output,
    stderr: output,
    once: () => undefined,
  };
  const code = await runCommand(words, surroundings);
  return [code, String(output.read() ?? "")];
}

async function fill(): Promise<void> {
  const broker = await createBroker({ dataDir });
  await broker.publish({ topic: "a/b", body: "kept", retain: true, durable: true });
  await broker.close();
}

describe("dragoman check", () => {
  it("says what a sound data directory holds", async () => {
    await fill();

    await expect(run("check", `--data-dir=${dataDir}`)).resolves.toEqual([
      0,
      `${dataDir}: 0 queues, 0 messages of 0 bytes in all\n`,
    ]);
  });

  it("says so when there is none, and when a broker is using it", async () => {
    await expect(run("check", `--data-dir=${dataDir}`)).resolves.toEqual([
      1,
      expect.stringContaining("is not a data directory"),
    ]);
    const broker = await createBroker({ dataDir });
    await expect(run("check", `--data-dir=${dataDir}`)).resolves.toEqual([
      1,
      expect.stringContaining(`is in use by process ${process.pid}`),
    ]);
    await broker.close();
  });
});

describe("dragoman backup", () => {
  it("copies the data directory of a running broker to one that is sound", async () => {
    const copy = join(parent, "copy");
    const broker = await createBroker({ dataDir });

    await expect(run("backup", `--data-dir=${dataDir}`, `--to=${copy}`)).resolves.toEqual([
      0,
      `${dataDir} is copied to ${copy}\n`,
    ]);
    await broker.close();
    await expect(run("check", `--data-dir=${copy}`)).resolves.toMatchObject([0, expect.anything()]);
  });

  it("wants to know where to", async () => {
    await expect(run("backup", `--data-dir=${dataDir}`)).resolves.toEqual([
      1,
      "dragoman: backup wants --to <directory>\n",
    ]);
  });
});
