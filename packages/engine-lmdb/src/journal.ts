import { type LogEntry, type Message, MessageSequence } from "@dragoman/core";
import { RecordWriter, type RunSink } from "./entry-record.ts";
import type { Committable } from "./group-commit.ts";
import { bodyKey, encodeNamed, entryKey, laneKey, nameKey, runKey } from "./keys.ts";
import { type Lane, LaneChanges } from "./lane.ts";
import { RunRemovals } from "./runs.ts";
import type { Tables } from "./store.ts";
import type { Sweeper } from "./sweeper.ts";

/** Of a lane's totals, a hole or a mark, with its key; or what an entry has beside its message. */
const SMALL_RECORD_BYTES = 64;

/** A named record to be written; without a value, to be deleted. */
export interface NamedChange {
  readonly kind: string;
  readonly name: string;
  readonly value: Uint8Array | undefined;
}

/** What the journal is written to. */
export interface Transactions {
  /**
   * Resolves when all writes that `write` asked for are durable; rejects when none was made.
   *
   * @param byteCount of all that is written, at most
   */
  transaction(byteCount: number, write: (tables: Tables) => void): Promise<void>;
}

/** Everything that is to be written with the next commit, and with the one that is under way. */
export class Journal implements Committable {
  readonly #storage: Transactions;
  readonly #sweeper: Sweeper;
  readonly #touch: () => void;
  #names = new Map<string, NamedChange>();
  #namesUnderWay = new Map<string, NamedChange>();
  #lanes = new Set<Lane>();
  #lanesUnderWay = new Set<Lane>();
  nextReference = 1;

  /** @param touch to be called when something gathers */
  constructor(storage: Transactions, sweeper: Sweeper, touch: () => void) {
    this.#storage = storage;
    this.#sweeper = sweeper;
    this.#touch = touch;
  }

  setName(change: NamedChange): void {
    this.#names.set(`${change.kind}\0${change.name}`, change);
    this.#touch();
  }

  /** What is to become of a named record; undefined when it stays as it is. */
  pendingName(kind: string, name: string): NamedChange | undefined {
    const key = `${kind}\0${name}`;
    return this.#names.get(key) ?? this.#namesUnderWay.get(key);
  }

  get hasPendingNames(): boolean {
    return this.#names.size > 0 || this.#namesUnderWay.size > 0;
  }

  pendingNames(): Iterable<NamedChange> {
    return new Map([...this.#namesUnderWay, ...this.#names]).values();
  }

  changesOf(lane: Lane): LaneChanges {
    if (lane.gathering === undefined) {
      lane.gathering = new LaneChanges();
      this.#lanes.add(lane);
      this.#touch();
    }
    return lane.gathering;
  }

  seal(): void {
    this.#namesUnderWay = this.#names;
    this.#names = new Map();
    this.#lanesUnderWay = this.#lanes;
    this.#lanes = new Set();
    for (const lane of this.#lanesUnderWay) {
      if (lane.seal() === undefined) this.#lanesUnderWay.delete(lane);
    }
    this.#shareMessages();
    this.#sweeper.seal();
  }

  async write(): Promise<void> {
    if (this.#namesUnderWay.size === 0 && this.#lanesUnderWay.size === 0 && !this.#sweeper.isBusy) return;
    const byteCount = this.#byteCount;
    await this.#storage.transaction(byteCount, (tables) => this.#writeTo(tables, byteCount));
  }

  committed(): void {
    this.#namesUnderWay.clear();
    for (const lane of this.#lanesUnderWay) {
      lane.underWay?.appended.clear();
      lane.underWay = undefined;
    }
    this.#lanesUnderWay.clear();
    this.#sweeper.committed();
    if (this.#sweeper.isBusy) this.#touch();
  }

  /** What is sealed takes no more than this. */
  get #byteCount(): number {
    let bytes = 0;
    for (const { name, value } of this.#namesUnderWay.values()) {
      bytes += SMALL_RECORD_BYTES + 2 * Buffer.byteLength(name) + (value?.length ?? 0);
    }
    const shared = new Set<number>();
    const sequence = new MessageSequence();
    for (const { underWay } of this.#lanesUnderWay) {
      if (underWay === undefined) continue;
      const { appended, removed, marked } = underWay;
      bytes += SMALL_RECORD_BYTES * (1 + removed.size + marked.size);
      appended.forEach(({ message, via, reference }) => {
        bytes += SMALL_RECORD_BYTES + (via?.length ?? 0);
        if (!shared.has(reference)) bytes += sequence.bound(message);
        if (reference !== 0) shared.add(reference);
      });
    }
    return bytes;
  }

  #writeTo(tables: Tables, byteCount: number): void {
    for (const change of this.#namesUnderWay.values()) writeName(tables, change);
    const holders = new Holders(tables);
    const removals = new RunRemovals(tables);
    const writer = new RecordWriter(byteCount);
    for (const lane of this.#lanesUnderWay) {
      const changes = lane.underWay;
      if (changes === undefined) continue;
      writeRemovals(tables, lane, changes, removals, holders);
      writeEntries(tables, lane, changes, writer, holders);
      for (const { position, deliveryCount } of changes.marked.values()) {
        void tables.marks.put(entryKey(lane.queue, lane.number, position), encodeCount(deliveryCount));
      }
      writeTotals(tables, lane, changes);
    }
    this.#sweeper.write(tables, removals, (reference) => holders.release(reference));
    removals.write();
    holders.write();
  }

  /** Gives a reference to each message that goes to several places at once. */
  #shareMessages(): void {
    if (this.#lanesUnderWay.size < 2) return;
    const seen = new Map<Message, LogEntry>();
    for (const { underWay } of this.#lanesUnderWay) {
      underWay?.appended.forEach((entry) => {
        const earlier = seen.get(entry.message);
        if (earlier === undefined) {
          seen.set(entry.message, entry);
        } else {
          if (earlier.reference === 0) earlier.reference = this.nextReference++;
          entry.reference = earlier.reference;
        }
      });
    }
  }
}

/** How many entries hold each message that is stored by itself, as far as this commit changes it. */
class Holders {
  readonly #tables: Tables;
  readonly #changes = new Map<number, number>();

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  /** True the first time: then the message is new. */
  hold(reference: number): boolean {
    const change = this.#changes.get(reference);
    this.#changes.set(reference, (change ?? 0) + 1);
    return change === undefined;
  }

  release(reference: number): void {
    this.#changes.set(reference, (this.#changes.get(reference) ?? 0) - 1);
  }

  /** Writes the counts; a message that nobody holds any more is deleted. */
  write(): void {
    const { references, bodies } = this.#tables;
    for (const [reference, change] of this.#changes) {
      const key = bodyKey(reference);
      const count = (references.get(key)?.readUInt32BE(0) ?? 0) + change;
      if (count > 0) {
        void references.put(key, encodeCount(count));
      } else {
        void references.remove(key);
        void bodies.remove(key);
      }
    }
  }
}

function writeName(tables: Tables, { kind, name, value }: NamedChange): void {
  const key = nameKey(kind, name);
  if (value === undefined) void tables.names.remove(key);
  else void tables.names.put(key, encodeNamed(name, value));
}

function writeRemovals(
  tables: Tables,
  lane: Lane,
  { removed }: LaneChanges,
  removals: RunRemovals,
  holders: Holders,
): void {
  for (const { first, last } of removed.ranges()) removals.remove(lane, first, last);
  for (const { position, deliveryCount, reference } of removed.encumbered) {
    if (deliveryCount > 0) void tables.marks.remove(entryKey(lane.queue, lane.number, position));
    if (reference !== 0) holders.release(reference);
  }
}

function writeEntries(
  tables: Tables,
  lane: Lane,
  { appended }: LaneChanges,
  writer: RecordWriter,
  holders: Holders,
): void {
  appended.forEach((entry) => {
    if (entry.reference !== 0 && holders.hold(entry.reference)) {
      void tables.bodies.put(bodyKey(entry.reference), writer.message(entry));
    }
  });
  const sink: RunSink = (run, value) => void tables.entries.put(runKey(lane.queue, lane.number, run), value);
  appended.forEach((entry) => writer.add(entry, sink));
  writer.endRun(sink);
}

function writeTotals(tables: Tables, lane: Lane, { totals }: LaneChanges): void {
  const key = laneKey(lane.queue, lane.number);
  if (totals === undefined) void tables.lanes.remove(key);
  else void tables.lanes.put(key, totals);
}

function encodeCount(count: number): Buffer {
  const value = Buffer.allocUnsafe(4);
  value.writeUInt32BE(count, 0);
  return value;
}
