export { backUpDirectory } from "./backup.ts";
export { checkDirectory, type CheckReport } from "./check.ts";
export { LmdbEngine, type LmdbEngineOptions } from "./lmdb-engine.ts";
export type { Durability } from "./store.ts";
