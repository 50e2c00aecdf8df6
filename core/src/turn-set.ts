/**
 * A set whose members are taken in the order in which they came, and of which each may leave at any time. Most have
 * one member, which comes and goes with each message: that one needs no table, which would be made anew each time.
 */
export class TurnSet<T> {
  /** The only member, while there is no table. */
  #only: T | undefined;
  #table: Set<T> | undefined;
  /** Kept from one `take` to the next: a new one would pass all that were taken before, until the set tidies up. */
  #order: SetIterator<T> | undefined;

  get size(): number {
    return this.#table?.size ?? (this.#only === undefined ? 0 : 1);
  }

  has(member: T): boolean {
    return this.#table?.has(member) ?? this.#only === member;
  }

  /** Comes last, unless it is a member already. */
  add(member: T): void {
    if (this.#table !== undefined) {
      this.#table.add(member);
    } else if (this.#only === undefined) {
      this.#only = member;
    } else if (this.#only !== member) {
      this.#table = new Set([this.#only, member]);
      this.#only = undefined;
    }
  }

  /** @returns whether it was a member */
  delete(member: T): boolean {
    if (this.#table === undefined) {
      const isMember = this.#only === member;
      if (isMember) this.#only = undefined;
      return isMember;
    }
    const isMember = this.#table.delete(member);
    if (this.#table.size === 0) this.#dropTable();
    return isMember;
  }

  /** Takes out the one that has been there longest. */
  take(): T | undefined {
    const first = this.#table === undefined ? this.#only : this.#next(this.#table);
    if (first !== undefined) this.delete(first);
    return first;
  }

  #next(table: Set<T>): T | undefined {
    const next = this.#order?.next();
    if (next !== undefined && next.done !== true) return next.value;
    // It is exhausted for good; whoever came since is at the beginning of another.
    this.#order = table.values();
    return this.#order.next().value;
  }

  #dropTable(): void {
    this.#table = undefined;
    this.#order = undefined;
  }
}
