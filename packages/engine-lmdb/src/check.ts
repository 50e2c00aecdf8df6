import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  BrokerError,
  checkRecord,
  type Collection,
  MessageDecoder,
  type PropertyCodec,
  TopicTable,
} from "@dragoman/core";
import { DirectoryLock } from "./directory-lock.ts";
import { decodeLane, type EntryHead, type LaneRecord } from "./entry-record.ts";
import { checkFormat } from "./format.ts";
import { bodyKey, decodeNamed, decodeRunKey, laneKey, positionOf, rangesOf } from "./keys.ts";
import { DATA_FILE } from "./lmdb-engine.ts";
import { LOG_KIND } from "./message-log.ts";
import { reasonOf } from "./reason.ts";
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

/** Beside queues and retained messages. */
const OTHERS: readonly Collection[] = ["vhost", "exchange", "binding", "session", "seen", "sent"];

/** Problems named at most: with more, something is wrong as a whole. */
const MAX_PROBLEMS = 100;

/**
 * Reads everything in a data directory that no broker uses at the time, and compares what must agree.
 *
 * @param propertyCodecs of the protocols whose messages it may hold
 * @throws BrokerError "unavailable" when it is no data directory, has another format, is in use or cannot be opened
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
  } catch (cause) {
    throw new BrokerError("unavailable", `'${path}' cannot be read: ${reasonOf(cause)}`, { cause });
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
  /** Numbers of queues' logs. */
  readonly #logs = new Set<number>();
  #messages = 0;
  #byteCount = 0;

  constructor(tables: Tables, decoder: MessageDecoder) {
    this.#tables = tables;
    this.#decoder = decoder;
  }

  run(): CheckReport {
    const queues = this.#records("queue", (value) => checkRecord("queue", value));
    for (const collection of OTHERS) {
      this.#records(collection, (value) => checkRecord(collection, value));
    }
    this.#records("retained", (value) => this.#decoder.decode(value, this.#topics));
    this.#records(LOG_KIND, (value) => this.#logs.add(value.readUInt32BE(0)));
    this.#entries();
    this.#totals();
    this.#shared();
    return { queues, messages: this.#messages, byteCount: this.#byteCount, problems: this.#problems };
  }

  #records(kind: string, read: (value: Buffer) => void): number {
    let count = 0;
    for (const range of rangesOf(kind, "")) {
      for (const { key, value } of this.#tables.names.getRange(range)) {
        count++;
        this.#attempt(`the record '${shown(key)}'`, () => read(decodeNamed(value)[1]));
      }
    }
    return count;
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
    const shared = reference === 0 ? undefined : this.#tables.bodies.get(bodyKey(reference));
    if (reference !== 0 && shared === undefined) {
      this.#report(`message ${position} of lane ${lane} refers to ${reference}, which is not stored`);
      return;
    }
    const { byteCount } =
      shared === undefined
        ? this.#decoder.decode(bytes, this.#topics, start, end)
        : this.#decoder.decode(shared, this.#topics);
    const totals = this.#lanes.get(lane) ?? { count: 0, byteCount: 0, last: 0 };
    totals.count++;
    totals.byteCount += byteCount;
    totals.last = position;
    this.#lanes.set(lane, totals);
    this.#messages++;
    this.#byteCount += byteCount;
  }

  #totals(): void {
    for (const { key, value } of this.#tables.lanes.getRange({ start: Buffer.of(0) })) {
      const name = key.toString("hex");
      this.#attempt(`the totals of lane ${name}`, () => this.#total(name, decodeLane(value)));
      this.#lanes.delete(name);
      if (!this.#logs.has(key.readUInt32BE(0))) this.#report(`lane ${name} belongs to no queue`);
    }
    for (const name of this.#lanes.keys()) this.#report(`lane ${name} has messages and no totals`);
  }

  #total(name: string, { count, byteCount, last }: LaneRecord): void {
    const found = this.#lanes.get(name) ?? { count: 0, byteCount: 0, last: 0 };
    if (count !== found.count || byteCount !== found.byteCount) {
      this.#report(
        `lane ${name} should have ${count} messages of ${byteCount} bytes, it has ${found.count} of ${found.byteCount}`,
      );
    }
    if (found.last > last) this.#report(`lane ${name} should end at ${last}, it ends at ${found.last}`);
  }

  #shared(): void {
    for (const { key, value } of this.#tables.references.getRange({ start: Buffer.of(0) })) {
      const reference = key.readUIntBE(0, 6);
      const found = this.#holders.get(reference) ?? 0;
      this.#holders.delete(reference);
      this.#attempt(`how many hold message ${reference}`, () => {
        const counted = value.readUInt32BE(0);
        if (counted === found) return;
        this.#report(`message ${reference} should have ${counted} holders, it has ${found}`);
      });
    }
    for (const reference of this.#holders.keys())
      this.#report(`message ${reference} is held and not counted`);
  }

  #garbage(): Map<string, { readonly first: number; readonly last: number }[]> {
    const ranges = new Map<string, { readonly first: number; readonly last: number }[]>();
    for (const { key, value } of this.#tables.garbage.getRange({ start: Buffer.of(0) })) {
      const lane = key.subarray(0, 5).toString("hex");
      this.#attempt(`what was forgotten of lane ${lane}`, () => {
        const range = { first: value.readUIntBE(0, 6), last: positionOf(key) };
        ranges.set(lane, [...(ranges.get(lane) ?? []), range]);
      });
    }
    return ranges;
  }

  #attempt(what: string, read: () => void): void {
    try {
      read();
    } catch (error) {
      this.#report(`${what} cannot be read: ${reasonOf(error)}`);
    }
  }

  #report(problem: string): void {
    if (this.#problems.length < MAX_PROBLEMS) this.#problems.push(problem);
  }
}

/** A key for people. */
function shown(key: Buffer): string {
  return key.toString("utf8").replaceAll("\0", " ");
}
