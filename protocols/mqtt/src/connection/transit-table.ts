import type { Transit } from "./transit.ts";

const FEWEST = 4;

/**
 * The flows to a client that are not complete, by packet identifier. A flow comes and goes with each message, which a
 * Map answers with a new table now and then; the old tables hold on to messages long gone until all of the heap is
 * collected. Here each place is used again.
 */
export class TransitTable {
  /** Chains of flows with the same last bits of their identifiers, which mostly follow one another: few are longer than one. */
  #chains: (Transit | undefined)[] = [];
  #size = 0;
  #begun = 0;

  get size(): number {
    return this.#size;
  }

  get(packetId: number): Transit | undefined {
    let transit = this.#chains[this.#placeOf(packetId)];
    while (transit !== undefined && transit.packetId !== packetId) transit = transit.next;
    return transit;
  }

  has(packetId: number): boolean {
    return this.get(packetId) !== undefined;
  }

  /** Adds a flow; none with its identifier is there. */
  add(transit: Transit): void {
    if (this.#size === this.#chains.length) this.#resize(Math.max(FEWEST, this.#size * 2));
    transit.begun = ++this.#begun;
    this.#link(transit);
    this.#size++;
  }

  /** Does nothing when it is not there. */
  delete(packetId: number): void {
    const place = this.#placeOf(packetId);
    let before: Transit | undefined;
    let transit = this.#chains[place];
    while (transit !== undefined && transit.packetId !== packetId) transit = (before = transit).next;
    if (transit === undefined) return;
    if (before === undefined) this.#chains[place] = transit.next;
    else before.next = transit.next;
    this.#size--;
    // Far below what it holds: a window that opens and closes must not resize it each time.
    if (this.#chains.length > 64 && this.#size * 16 < this.#chains.length) {
      this.#resize(this.#chains.length >> 2);
    }
  }

  clear(): void {
    this.#chains = [];
    this.#size = 0;
  }

  /** In the order in which they began. */
  inOrder(): Transit[] {
    const all: Transit[] = [];
    for (let transit of this.#chains) for (; transit !== undefined; transit = transit.next) all.push(transit);
    return all.toSorted((a, b) => a.begun - b.begun);
  }

  #placeOf(packetId: number): number {
    return packetId & (this.#chains.length - 1);
  }

  #link(transit: Transit): void {
    const place = this.#placeOf(transit.packetId);
    transit.next = this.#chains[place];
    this.#chains[place] = transit;
  }

  /**
   * A client that answers a full window at once empties the table each time: this has to be cheap.
   *
   * @param length a power of two
   */
  #resize(length: number): void {
    const old = this.#chains;
    this.#chains = emptyChains(length);
    for (let transit of old) {
      while (transit !== undefined) {
        const { next } = transit;
        this.#link(transit);
        transit = next;
      }
    }
  }
}

/** By doubling: `Array.from({ length })` would take more than ten times as long. */
function emptyChains(length: number): (Transit | undefined)[] {
  let chains: (Transit | undefined)[] = [undefined, undefined, undefined, undefined];
  while (chains.length < length) chains = chains.concat(chains);
  return chains;
}
