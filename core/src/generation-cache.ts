/**
 * A bounded map that forgets what was not used for long: when the young half is full it becomes the old
 * half, and the former old half goes. A lookup costs one map access while the entry is young.
 */
export class GenerationCache<K, V> {
  readonly #halfSize: number;
  #young = new Map<K, V>();
  #old = new Map<K, V>();

  /** @param capacity entries held at most */
  constructor(capacity: number) {
    this.#halfSize = Math.max(1, capacity >> 1);
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: K): V | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: K, value: V): void {
    if (this.#young.size >= this.#halfSize) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#old.delete(key);
    this.#young.set(key, value);
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
  }
}
