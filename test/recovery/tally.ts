/** A publisher's name and the number of its message. */
export interface MessageName {
  readonly publisher: string;
  readonly number: number;
}

/** What a crash test found; all but the first two must be empty. */
export interface Findings {
  readonly confirmed: number;
  readonly settled: number;
  /** Confirmed and never delivered. */
  readonly lost: readonly string[];
  /** Delivered again though its settlement had been confirmed. */
  readonly returned: readonly string[];
  /** Of a publisher that publishes exactly once: in the queue twice. */
  readonly doubled: readonly string[];
  /** Delivered for the first time after a later one of the same publisher. */
  readonly disordered: readonly string[];
}

/** Writes down what publishers and consumers were told, over all lives of a broker. */
export class Tally {
  readonly #confirmed = new Set<string>();
  /** Delivered in any life. */
  readonly #seen = new Set<string>();
  readonly #delivered = new Set<string>();
  readonly #settled = new Set<string>();
  readonly #returned: string[] = [];
  readonly #doubled: string[] = [];
  readonly #disordered: string[] = [];
  readonly #latest = new Map<string, number>();
  /** Delivered in this life of the broker; its settlement was not confirmed. */
  readonly #open = new Set<string>();
  /** Of these, the ones that nobody tried to settle. */
  readonly #kept = new Set<string>();

  get confirmedCount(): number {
    return this.#confirmed.size;
  }

  confirmedOf(publisher: string): string[] {
    return [...this.#confirmed].filter((name) => name.startsWith(`${publisher} `));
  }

  get deliveredCount(): number {
    return this.#seen.size;
  }

  /** Everything that was confirmed was delivered, and what was delivered in this life is settled. */
  get isComplete(): boolean {
    return this.#open.size === 0 && [...this.#confirmed].every((name) => this.#delivered.has(name));
  }

  confirmed(publisher: string, number: number): void {
    this.#confirmed.add(`${publisher} ${number}`);
  }

  /** @param body as the publishers write it: `publisher number` and anything more */
  delivered(body: string): string {
    const [publisher = "", number = ""] = body.split(" ", 2);
    const name = `${publisher} ${number}`;
    if (this.#settled.has(name)) this.#returned.push(name);
    else if (this.#open.has(name)) this.#doubled.push(name);
    if (!this.#seen.has(name)) {
      const latest = this.#latest.get(publisher) ?? 0;
      if (Number(number) < latest) this.#disordered.push(name);
      this.#latest.set(publisher, Math.max(latest, Number(number)));
    }
    this.#seen.add(name);
    this.#delivered.add(name);
    this.#open.add(name);
    return name;
  }

  /** The broker has confirmed the settlement. */
  settled(name: string): void {
    this.#settled.add(name);
    this.#open.delete(name);
  }

  /** The consumer keeps the message without settling it. */
  kept(name: string): void {
    this.#kept.add(name);
  }

  /** What was not settled for sure may come again; what nobody tried to settle must. */
  crashed(): void {
    for (const name of this.#kept) this.#delivered.delete(name);
    this.#kept.clear();
    this.#open.clear();
  }

  findings(): Findings {
    return {
      confirmed: this.#confirmed.size,
      settled: this.#settled.size,
      lost: [...this.#confirmed].filter((name) => !this.#delivered.has(name)),
      returned: this.#returned,
      doubled: this.#doubled,
      disordered: this.#disordered,
    };
  }
}
