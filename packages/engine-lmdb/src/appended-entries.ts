/** What has a place in a lane. */
interface Placed {
  readonly position: number;
}

/**
 * Entries that are yet to be written, in order of position. Most are looked up where they are if nothing is
 * missing before them, so no index has to be built for every message.
 */
export class AppendedEntries<T extends Placed> {
  readonly #positions: number[] = [];
  readonly #entries: (T | undefined)[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** @param entry stands behind all that are there */
  push(entry: T): void {
    this.#positions.push(entry.position);
    this.#entries.push(entry);
    this.#size++;
  }

  /** False when there is none. */
  delete(position: number): boolean {
    const index = this.#indexFrom(position);
    if (this.#positions[index] !== position || this.#entries[index] === undefined) return false;
    this.#entries[index] = undefined;
    this.#size--;
    return true;
  }

  /** Lets go of them one by one: an array that has become old would hold them until all of the heap is collected. */
  clear(): void {
    this.#entries.fill(undefined);
    this.#positions.length = 0;
    this.#entries.length = 0;
    this.#size = 0;
  }

  /** Those from a position on. */
  *from(position: number): Generator<T, void> {
    for (let index = this.#indexFrom(position); index < this.#entries.length; index++) {
      const entry = this.#entries[index];
      if (entry !== undefined) yield entry;
    }
  }

  /** By index: the loop runs too seldom to be compiled, and an iterator would make an object for each entry. */
  forEach(visit: (entry: T) => void): void {
    const entries = this.#entries;
    for (let index = 0; index < entries.length; index++) {
      const entry = entries[index];
      if (entry !== undefined) visit(entry);
    }
  }

  /** The index of the first position that is not smaller, whether or not its entry was deleted. */
  #indexFrom(position: number): number {
    const positions = this.#positions;
    const guess = position - (positions[0] ?? 0);
    if (positions[guess] === position) return guess;
    let low = 0;
    let high = positions.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((positions[middle] ?? Number.POSITIVE_INFINITY) < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
