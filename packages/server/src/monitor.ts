import { statfs } from "node:fs/promises";
import { totalmem } from "node:os";
import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Broker, Clock, Engine } from "@dragoman/core";
import type { Log } from "./log.ts";

const PERIOD_MS = 500;
/** A commit that takes longer lets no more publishes gather behind it: else they would fill memory. */
const STALL_MS = 1_000;
/** A mark is behind us only when this much of it is free again, or publishers would stop and go all the time. */
const RELIEF = 0.9;
/** JavaScript's own memory has a bound of its own, and ends the process when four fifths of it stay in use. */
const LARGEST_SHARE_OF_HEAP = 0.7;
/** The part of that bound that is for young objects alone: three spaces of 16 MiB. */
const YOUNG_BYTES = 3 * 16 * 1024 * 1024;

/** A collection of garbage may be asked for when so many times its own duration has passed, and a second at least. */
const COLLECTION_RATIO = 20;
const COLLECTION_MS = 1_000;

/** What is measured. */
export interface Gauges {
  /** How near the process is to its mark for memory: 1 is at the mark. What nobody uses any more counts until it is collected. */
  memory(): number;
  /** Collects what nobody uses any more; returns how many milliseconds it took. */
  collect(): number;
  /** Bytes free on the disk of the data; undefined without one, or when it does not say. */
  freeDiskBytes(): Promise<number | undefined>;
}

/** What a monitor watches and acts on. */
export interface Monitored {
  readonly core: Pick<Broker, "pressure" | "pageOut">;
  readonly engine: Pick<Engine, "onFailure" | "onCommit" | "gathering" | "committed" | "unusedBytes">;
  readonly clock: Clock;
  readonly log: Log;
}

/** Stops publishers before memory or disk runs out, or when the disk stalls, and says so in the log. */
export class Monitor {
  readonly #monitored: Monitored;
  readonly #gauges: Gauges;
  readonly #minFreeDiskBytes: number;
  readonly #ends: (() => void)[] = [];
  #isLowOnMemory = false;
  #mayCollectAtMs = 0;
  #isLowOnDisk = false;
  #committed = 0;
  /** When nothing waited for the storage, or a commit was seen to have succeeded. */
  #storedAtMs: number;
  #hasFailed = false;

  /** @param minFreeDiskBytes with less, what the engine does not use included, publishers are stopped */
  constructor(monitored: Monitored, gauges: Gauges, minFreeDiskBytes: number) {
    this.#monitored = monitored;
    this.#gauges = gauges;
    this.#minFreeDiskBytes = minFreeDiskBytes;
    this.#storedAtMs = monitored.clock.now();
  }

  start(): void {
    const { core, engine, log } = this.#monitored;
    this.#ends.push(
      core.pressure.listen((isOn) => {
        if (isOn) log.warn({ reason: core.pressure.reason }, "publishers are stopped");
        else log.info({}, "publishers go on");
      }),
    );
    engine.onFailure((cause) => {
      if (!this.#hasFailed) log.error({ err: cause }, "the storage cannot be written to; trying again");
      this.#hasFailed = true;
    });
    engine.onCommit(() => {
      if (this.#hasFailed) log.info({}, "the storage can be written to again");
      this.#hasFailed = false;
    });
    this.#schedule();
  }

  stop(): void {
    for (const end of this.#ends.splice(0)) end();
  }

  /** Looks once. */
  async look(): Promise<void> {
    this.#lookAtMemory();
    this.#lookAtStorage();
    const freeBytes = await this.#gauges.freeDiskBytes();
    if (freeBytes !== undefined) this.#lookAtDisk(freeBytes);
  }

  #schedule(): void {
    const cancel = this.#monitored.clock.after(PERIOD_MS, () => {
      this.#ends.splice(this.#ends.indexOf(cancel), 1);
      this.#schedule();
      void this.look();
    });
    this.#ends.push(cancel);
  }

  #lookAtMemory(): void {
    const { core } = this.#monitored;
    if (this.#isPastMark()) {
      core.pageOut();
      this.#collect();
    }
    this.#isLowOnMemory = this.#isPastMark();
    if (this.#isLowOnMemory) core.pressure.raise("memory");
    else core.pressure.ease("memory");
  }

  #isPastMark(): boolean {
    return this.#gauges.memory() > (this.#isLowOnMemory ? RELIEF : 1);
  }

  /** Garbage must not stop publishers: while they stand still nothing else would make the system collect it. */
  #collect(): void {
    const nowMs = this.#monitored.clock.now();
    if (nowMs < this.#mayCollectAtMs) return;
    const tookMs = this.#gauges.collect();
    this.#mayCollectAtMs = nowMs + Math.max(COLLECTION_MS, tookMs * COLLECTION_RATIO);
  }

  #lookAtStorage(): void {
    const { core, engine, clock } = this.#monitored;
    const { gathering, committed } = engine;
    if (gathering === committed || committed !== this.#committed) this.#storedAtMs = clock.now();
    this.#committed = committed;
    // The next commit eases it.
    if (clock.now() - this.#storedAtMs >= STALL_MS) core.pressure.raise("storage");
  }

  #lookAtDisk(freeBytes: number): void {
    const { core, engine } = this.#monitored;
    // The engine's files do not shrink when a backlog is read: it is their own room that grows.
    const roomBytes = freeBytes + engine.unusedBytes;
    this.#isLowOnDisk = roomBytes < this.#minFreeDiskBytes / (this.#isLowOnDisk ? RELIEF : 1);
    if (this.#isLowOnDisk) core.pressure.raise("disk");
    else core.pressure.ease("disk");
  }
}

/**
 * @param memoryPercent share of the machine's or the container's memory, 1 to 100
 * @param directory on the disk that is measured; undefined for none
 */
export function systemGauges(memoryPercent: number, directory: string | undefined): Gauges {
  const container = process.constrainedMemory();
  const machineBytes = container > 0 ? Math.min(container, totalmem()) : totalmem();
  const markBytes = (machineBytes * memoryPercent) / 100;
  let collector: (() => void) | undefined;
  const heapMarkBytes = (getHeapStatistics().heap_size_limit - YOUNG_BYTES) * LARGEST_SHARE_OF_HEAP;
  return {
    memory() {
      // What is in use, not what is resident: pages of the data file belong to the operating system. And asked for here,
      // since `process.memoryUsage` opens a file, and throws when a flood of connections has left no descriptor.
      const { used_heap_size: heapUsed, external_memory: external } = getHeapStatistics();
      return Math.max((heapUsed + external) / markBytes, heapUsed / heapMarkBytes);
    },
    collect() {
      const startMs = performance.now();
      (collector ??= garbageCollector())();
      return performance.now() - startMs;
    },
    async freeDiskBytes() {
      if (directory === undefined) return undefined;
      try {
        const { blocks, bavail, bsize } = await statfs(directory);
        return blocks === 0 ? undefined : bavail * bsize;
      } catch {
        return undefined;
      }
    },
  };
}

/** What `node --expose-gc` gives, for us alone. */
function garbageCollector(): () => void {
  setFlagsFromString("--expose-gc");
  const collector: unknown = runInNewContext("gc");
  return typeof collector === "function" ? () => void collector() : () => undefined;
}
