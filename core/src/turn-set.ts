/** A set whose members are taken in the order in which they came, and of which each may leave at any time. */
export class TurnSet<T> {
  readonly #members: Set<T> = new Set();
  /** Kept from one `take` to the next: a new one would pass all that were taken before, until the set tidies up. */
  #order: SetIterator<T> | undefined;

  get size(): number {
    return this.#members.size;
  }

  has(member: T): boolean {
    return this.#members.has(member);
  }

  /** Comes last, unless it is a member already. */
  add(member: T): void {
    this.#members.add(member);
  }

  /** @returns whether it was a member */
  delete(member: T): boolean {
    return this.#members.delete(member);
  }

  /** Takes out the one that has been there longest. */
  take(): T | undefined {
    const next = this.#next();
    if (next.done === true) return undefined;
    this.#members.delete(next.value);
    return next.value;
  }

  #next(): IteratorResult<T> {
    const next = this.#order?.next();
    if (next !== undefined && next.done !== true) return next;
    // It is exhausted for good; whoever came since is at the beginning of another.
    this.#order = this.#members.size === 0 ? undefined : this.#members.values();
    return this.#order?.next() ?? { done: true, value: undefined };
  }
}
