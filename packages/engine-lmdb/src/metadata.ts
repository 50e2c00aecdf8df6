import { BrokerError, type Collection, type MetadataRecord, type MetadataStore } from "@dragoman/core";
import type { Journal } from "./journal.ts";
import { decodeNamed, namedValue, nameKey, nameOfKey, rangesOf } from "./keys.ts";
import { reasonOf } from "./reason.ts";
import type { Tables } from "./store.ts";

/** Records that are handed over at once. */
const BATCH = 1_000;
const NO_RECORD = Buffer.alloc(4);

/** The core's records, in the table of names. */
export class LmdbMetadata implements MetadataStore {
  readonly #journal: Journal;
  readonly #tables: () => Tables;

  constructor(journal: Journal, tables: () => Tables) {
    this.#journal = journal;
    this.#tables = tables;
  }

  async *load(collection: Collection, prefix: string): AsyncGenerator<readonly MetadataRecord[], void> {
    yield* inBatches(this.#records(collection, prefix));
  }

  async *names(collection: Collection, prefix: string): AsyncGenerator<readonly string[], void> {
    yield* inBatches(this.#names(collection, prefix));
  }

  get(collection: Collection, key: string): Uint8Array | undefined {
    const pending = this.#journal.pendingName(collection, key);
    if (pending !== undefined) return pending.value;
    try {
      const record = this.#tables().names.get(nameKey(collection, key));
      return record && decodeNamed(record)[1];
    } catch (cause) {
      throw new BrokerError("unavailable", `a stored record cannot be read: ${reasonOf(cause)}`, { cause });
    }
  }

  put(collection: Collection, key: string, value: Uint8Array): void {
    this.#journal.setName({ kind: collection, name: key, value });
  }

  delete(collection: Collection, key: string): void {
    this.#journal.setName({ kind: collection, name: key, value: undefined });
  }

  *#records(collection: Collection, prefix: string): Generator<MetadataRecord, void> {
    const isPending = this.#pendingOf(collection);
    const { names } = this.#tables();
    for (const range of rangesOf(collection, prefix)) {
      for (const { value } of names.getRange(range)) {
        const record = new StoredRecord(value);
        if (!isPending(record) && (!range.isMixed || record.name.startsWith(prefix))) yield record;
      }
    }
    for (const { kind, name, value } of this.#journal.pendingNames()) {
      if (kind === collection && value !== undefined && name.startsWith(prefix)) yield { name, value };
    }
  }

  /** From the keys alone, where they tell it: a million of them are read in a second. */
  *#names(collection: Collection, prefix: string): Generator<string, void> {
    const isPending = this.#pendingOf(collection);
    const { names } = this.#tables();
    for (const range of rangesOf(collection, prefix)) {
      for (const key of names.getKeys(range)) {
        const name = nameOfKey(collection, key) ?? decodeNamed(names.get(key) ?? NO_RECORD)[0];
        if (!isPending({ name }) && (!range.isMixed || name.startsWith(prefix))) yield name;
      }
    }
    for (const { kind, name, value } of this.#journal.pendingNames()) {
      if (kind === collection && value !== undefined && name.startsWith(prefix)) yield name;
    }
  }

  /** Tells what is in the table but was put or deleted since. */
  #pendingOf(collection: Collection): (record: { readonly name: string }) => boolean {
    const journal = this.#journal;
    if (!journal.hasPendingNames) return () => false;
    return ({ name }) => journal.pendingName(collection, name) !== undefined;
  }
}

/** All stored names of a kind, with their values. */
export function* namesOf(tables: Tables, kind: string): Generator<readonly [string, Buffer], void> {
  for (const range of rangesOf(kind, "")) {
    for (const { value } of tables.names.getRange(range)) yield decodeNamed(value);
  }
}

/** A record in the table: most are asked for their value alone. */
class StoredRecord implements MetadataRecord {
  readonly #named: Buffer;

  constructor(named: Buffer) {
    this.#named = named;
  }

  get name(): string {
    return decodeNamed(this.#named)[0];
  }

  get value(): Uint8Array {
    return namedValue(this.#named);
  }
}

function* inBatches<T>(items: Iterable<T>): Generator<readonly T[], void> {
  let batch: T[] = [];
  for (const item of items) {
    batch.push(item);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
