/** An entry that goes, and what goes with it beside its record. */
export interface RemovedEntry {
  readonly position: number;
  readonly deliveryCount: number;
  readonly reference: number;
}

/** Positions without a gap, all removed. */
export interface RemovedRange {
  readonly first: number;
  last: number;
}

/**
 * Entries of a lane that are gone since the last commit. Most go in order: those are a few ranges and hold no
 * message in memory until the commit, however many there are.
 */
export class RemovedEntries {
  /** In ascending order. */
  readonly #ranges: RemovedRange[] = [];
  /** What went after one behind it. */
  readonly #stragglers = new Set<number>();
  readonly #encumbered: RemovedEntry[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Each position once. */
  add({ position, deliveryCount, reference }: RemovedEntry): void {
    this.#size++;
    if (deliveryCount > 0 || reference !== 0) this.#encumbered.push({ position, deliveryCount, reference });
    const latest = this.#ranges.at(-1);
    if (latest === undefined || position > latest.last + 1)
      this.#ranges.push({ first: position, last: position });
    else if (position > latest.last) latest.last = position;
    else this.#stragglers.add(position);
  }

  has(position: number): boolean {
    return this.#stragglers.has(position) || this.#isInRange(position);
  }

  /** All positions, in ranges. */
  *ranges(): Generator<RemovedRange, void> {
    yield* this.#ranges;
    for (const position of this.#stragglers) yield { first: position, last: position };
  }

  /** Those that have been delivered, or whose message is stored apart. */
  get encumbered(): readonly RemovedEntry[] {
    return this.#encumbered;
  }

  clear(): void {
    this.#ranges.length = 0;
    this.#stragglers.clear();
    this.#encumbered.length = 0;
    this.#size = 0;
  }

  /** A backlog is mostly read behind what was removed from it: then nothing has to be searched. */
  #isInRange(position: number): boolean {
    const ranges = this.#ranges;
    let low = 0;
    let high = position > (ranges.at(-1)?.last ?? 0) ? 0 : ranges.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const range = ranges[middle];
      if (range === undefined || range.first > position) high = middle;
      else if (range.last < position) low = middle + 1;
      else return true;
    }
    return false;
  }
}
