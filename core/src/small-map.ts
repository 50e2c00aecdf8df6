/**
 * A map that needs no table while it has one entry. Where there are a million of them most have one, and a
 * table costs more than all else: beside each of a million subscriptions it would be 200 bytes.
 */
export class SmallMap<K, V> {
  /** The only entry, while there is no table. */
  #key: K | undefined;
  #value: V | undefined;
  #table: Map<K, V> | undefined;

  get size(): number {
    return this.#table?.size ?? (this.#value === undefined ? 0 : 1);
  }

  get(key: K): V | undefined {
    if (this.#table !== undefined) return this.#table.get(key);
    return this.#key === key ? this.#value : undefined;
  }

  set(key: K, value: V): void {
    if (this.#table !== undefined) {
      this.#table.set(key, value);
    } else if (this.#key === undefined || this.#value === undefined) {
      this.#key = key;
      this.#value = value;
    } else if (this.#key === key) {
      // As in a table, the key stays: the one that came may be a view of a long text.
      this.#value = value;
    } else {
      this.#table = new Map([
        [this.#key, this.#value],
        [key, value],
      ]);
      this.#key = this.#value = undefined;
    }
  }

  /** False when it was not there. */
  delete(key: K): boolean {
    if (this.#table === undefined) {
      if (this.#key !== key) return false;
      this.#key = this.#value = undefined;
      return true;
    }
    if (!this.#table.delete(key)) return false;
    if (this.#table.size > 1) return true;
    for (const [lastKey, lastValue] of this.#table) {
      this.#key = lastKey;
      this.#value = lastValue;
    }
    this.#table = undefined;
    return true;
  }

  /** The entries; those that are put in or taken out meanwhile may be among them or not. */
  [Symbol.iterator](): Iterator<[K, V], void> {
    if (this.#table !== undefined) return this.#table[Symbol.iterator]();
    const only: [K, V][] = [];
    this.forEach((value, key) => only.push([key, value]));
    return only[Symbol.iterator]();
  }

  forEach(visit: (value: V, key: K) => void): void {
    if (this.#table !== undefined) this.#table.forEach(visit);
    else if (this.#key !== undefined && this.#value !== undefined) visit(this.#value, this.#key);
  }
}
