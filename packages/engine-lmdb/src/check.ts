import { existsSync } from "node:fs";
import { join } from "node:path";
import { BrokerError, MessageDecoder, type PropertyCodec, TopicTable } from "@dragoman/core";
import { DirectoryLock } from "./directory-lock.ts";
import { decodeLane, type EntryHead } from "./entry-record.ts";
import { checkFormat } from "./format.ts";
import { bodyKey, decodeNamed, decodeRunKey, laneKey, positionOf } from "./keys.ts";
import { DATA_FILE } from "./lmdb-engine.ts";
import { LOG_KIND } from "./message-log.ts";
import { namesOf } from "./metadata.ts";
import { liveEntries } from "./runs.ts";
import { Store, type Tables } from "./store.ts";

/** What a data directory holds. */
export interface CheckReport {
  readonly queues: number;
  readonly messages: number;
  /** Bytes of bodies. */
  readonly byteCount: number;
  /** What should not be, one sentence each; empty when all is well. */
  readonly problems: readonly string[];
}

/** Problems named at most: with more, something is wrong as a whole. */
const MAX_PROBLEMS = 100;

/**
 * Reads everything in a data directory that no broker uses at the time, and compares what must agree.
 *
 * @param propertyCodecs of the protocols whose messages it may hold
 * @throws BrokerError "unavailable" when it is no data directory, has another format or is in use
 */
export async function checkDirectory(
  directory: string,
  propertyCodecs: readonly PropertyCodec[],
): Promise<CheckReport> {
  const path = join(directory, DATA_FILE);
  checkFormat(directory);
  if (!existsSync(path)) throw new BrokerError("unavailable", `'${directory}' has no file '${DATA_FILE}'`);
  const lock = await DirectoryLock.acquire(directory);
  try {
    const store = new Store(path, { durability: "sync", readOnly: true });
    const report = new Check(store.tables, new MessageDecoder(propertyCodecs)).run();
    await store.close();
    return report;
  } finally {
    await lock.release();
  }
}

interface Totals {
  count: number;
  byteCount: number;
  last: number;
}

class Check {
  readonly #tables: Tables;
  readonly #decoder: MessageDecoder;
  readonly #topics = new TopicTable();
  readonly #problems: string[] = [];
  /** What was found in each lane, by its key. */
  readonly #lanes = new Map<string, Totals>();
  readonly #holders = new Map<number, number>();
  #messages = 0;
  #byteCount = 0;

  constructor(tables: Tables, decoder: MessageDecoder) {
    this.#tables = tables;
    this.#decoder = decoder;
  }

  run(): CheckReport {
    this.#records();
    this.#entries();
    this.#totals();
    this.#shared();
    const queues = [...namesOf(this.#tables, "queue")].length;
    return { queues, messages: this.#messages, byteCount: this.#byteCount, problems: this.#problems };
  }

  #records(): void {
    for (const { value } of this.#tables.names.getRange({ start: Buffer.of(0) })) {
      this.#attempt("a record", () => decodeNamed(value));
    }
    for (const [name, value] of namesOf(this.#tables, "retained")) {
      this.#attempt(`the retained message of '${name.slice(name.indexOf("\0") + 1)}'`, () =>
        this.#decoder.decode(value, this.#topics),
      );
    }
  }

  #entries(): void {
    const garbage = this.#garbage();
    for (const { key, value } of this.#tables.entries.getRange({ start: Buffer.of(0) })) {
      const run = decodeRunKey(key);
      const lane = laneKey(key.readUInt32BE(0), key.readUInt8(4)).toString("hex");
      this.#attempt(`messages ${run.first} to ${run.last} of lane ${lane}`, () => {
        for (const head of liveEntries(this.#tables, run, value)) {
          if (head.reference !== 0) {
            this.#holders.set(head.reference, (this.#holders.get(head.reference) ?? 0) + 1);
          }
          const isGone = garbage
            .get(lane)
            ?.some(({ first, last }) => head.position >= first && head.position <= last);
          if (isGone !== true) this.#entry(lane, head);
        }
      });
    }
  }

  #entry(lane: string, { position, reference, bytes, start, end }: EntryHead): void {
    const body = reference === 0 ? bytes.subarray(start, end) : this.#tables.bodies.get(bodyKey(reference));
    if (body === undefined) {
      this.#report(`message ${position} of lane ${lane} refers to ${reference}, which is not stored`);
      return;
    }
    const { byteCount } = this.#decoder.decode(body, this.#topics);
    const totals = this.#lanes.get(lane) ?? { count: 0, byteCount: 0, last: 0 };
    totals.count++;
    totals.byteCount += byteCount;
    totals.last = position;
    this.#lanes.set(lane, totals);
    this.#messages++;
    this.#byteCount += byteCount;
  }

  #totals(): void {
    const numbers = new Set([...namesOf(this.#tables, LOG_KIND)].map(([, value]) => value.readUInt32BE(0)));
    for (const { key, value } of this.#tables.lanes.getRange({ start: Buffer.of(0) })) {
      const name = key.toString("hex");
      const { count, byteCount, last } = decodeLane(value);
      const found = this.#lanes.get(name) ?? { count: 0, byteCount: 0, last: 0 };
      this.#lanes.delete(name);
      if (!numbers.has(key.readUInt32BE(0))) this.#report(`lane ${name} belongs to no queue`);
      if (count !== found.count || byteCount !== found.byteCount) {
        this.#report(
          `lane ${name} should have ${count} messages of ${byteCount} bytes, it has ${found.count} of ${found.byteCount}`,
        );
      }
      if (found.last > last) this.#report(`lane ${name} should end at ${last}, it ends at ${found.last}`);
    }
    for (const name of this.#lanes.keys()) this.#report(`lane ${name} has messages and no totals`);
  }

  #shared(): void {
    for (const { key, value } of this.#tables.references.getRange({ start: Buffer.of(0) })) {
      const reference = key.readUIntBE(0, 6);
      const [counted, found] = [value.readUInt32BE(0), this.#holders.get(reference) ?? 0];
      this.#holders.delete(reference);
      if (counted !== found)
        this.#report(`message ${reference} should have ${counted} holders, it has ${found}`);
    }
    for (const reference of this.#holders.keys())
      this.#report(`message ${reference} is held and not counted`);
  }

  #garbage(): Map<string, { readonly first: number; readonly last: number }[]> {
    const ranges = new Map<string, { readonly first: number; readonly last: number }[]>();
    for (const { key, value } of this.#tables.garbage.getRange({ start: Buffer.of(0) })) {
      const lane = key.subarray(0, 5).toString("hex");
      const range = { first: positionOf(key), last: value.readUIntBE(0, 6) };
      ranges.set(lane, [...(ranges.get(lane) ?? []), range]);
    }
    return ranges;
  }

  #attempt(what: string, read: () => void): void {
    try {
      read();
    } catch (error) {
      this.#report(`${what} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #report(problem: string): void {
    if (this.#problems.length < MAX_PROBLEMS) this.#problems.push(problem);
  }
}
