/** What one subscriber got, over all lives of a broker. */
export class Arrivals {
  readonly #counts = new Map<string, number>();

  /** @param body as the publishers write it: `publisher number` and anything more */
  arrived(body: string): void {
    const name = body.split(" ", 2).join(" ");
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  missing(wanted: readonly string[]): string[] {
    return wanted.filter((name) => !this.#counts.has(name));
  }

  /** Those of a publisher that came more than once. */
  doubled(publisher: string): string[] {
    return [...this.#counts]
      .filter(([name, count]) => name.startsWith(`${publisher} `) && count > 1)
      .map(([name]) => name);
  }
}
