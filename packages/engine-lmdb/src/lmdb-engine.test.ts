import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Engine } from "@dragoman/core";
import { describeEngine } from "@dragoman/core/testing/engine-suite";
import { afterAll } from "vitest";
import { LmdbEngine } from "./lmdb-engine.ts";

const parent = mkdtempSync(join(tmpdir(), "dragoman-engine-"));
const directories = new WeakMap<Engine, string>();
let created = 0;

function engineOn(directory: string): LmdbEngine {
  const engine = new LmdbEngine({ directory });
  directories.set(engine, directory);
  return engine;
}

afterAll(() => rmSync(parent, { recursive: true }));

describeEngine({
  name: "on LMDB",
  create: () => engineOn(join(parent, String(++created))),
  reopen: (former) => engineOn(directories.get(former) ?? parent),
});
