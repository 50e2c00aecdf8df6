import { type Engine, MemoryEngine } from "@dragoman/core";
import type { Configuration } from "./configuration/configuration.ts";

/** Where the broker keeps what must survive it. */
export function openEngine(_configuration: Configuration): Engine {
  return new MemoryEngine();
}
