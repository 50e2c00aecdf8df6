export { LmdbEngine, type LmdbEngineOptions } from "./lmdb-engine.ts";
export type { Durability } from "./store.ts";
