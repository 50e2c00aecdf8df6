import { resolve } from "node:path";
import { type Engine, MemoryEngine } from "@dragoman/core";
import { LmdbEngine } from "@dragoman/engine-lmdb";
import type { Configuration } from "./configuration/configuration.ts";

/** Where the broker keeps what must survive it. */
export function openEngine({ ephemeral, dataDir, durability }: Configuration): Engine {
  return ephemeral ? new MemoryEngine() : new LmdbEngine({ directory: resolve(dataDir), durability });
}
