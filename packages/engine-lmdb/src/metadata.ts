import type { Collection, MetadataStore } from "@dragoman/core";
import type { Journal } from "./journal.ts";
import { decodeNamed } from "./keys.ts";
import type { Tables } from "./store.ts";

/** The core's records, in the table of names. */
export class LmdbMetadata implements MetadataStore {
  readonly #journal: Journal;
  readonly #tables: () => Tables;

  constructor(journal: Journal, tables: () => Tables) {
    this.#journal = journal;
    this.#tables = tables;
  }

  async *load(collection: Collection): AsyncGenerator<readonly [string, Uint8Array], void> {
    const { hasPendingNames } = this.#journal;
    for (const record of namesOf(this.#tables(), collection)) {
      if (hasPendingNames && this.#journal.pendingName(collection, record[0]) !== undefined) continue;
      yield record;
    }
    for (const { kind, name, value } of this.#journal.pendingNames()) {
      if (kind === collection && value !== undefined) yield [name, value];
    }
  }

  put(collection: Collection, key: string, value: Uint8Array): void {
    this.#journal.setName({ kind: collection, name: key, value });
  }

  delete(collection: Collection, key: string): void {
    this.#journal.setName({ kind: collection, name: key, value: undefined });
  }
}

/** All stored names of a kind, with their values. */
export function* namesOf(tables: Tables, kind: string): Generator<readonly [string, Buffer], void> {
  const range = { start: Buffer.from(`${kind}\0`), end: Buffer.from(`${kind}\u0001`) };
  for (const { value } of tables.names.getRange(range)) yield decodeNamed(value);
}
