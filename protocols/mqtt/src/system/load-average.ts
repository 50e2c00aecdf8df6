/** A rate per minute, smoothed over a time, as operating systems tell their load. */
export class LoadAverage {
  readonly #minutes: number;
  #value = 0;

  /** @param minutes over which it is smoothed */
  constructor(minutes: number) {
    this.#minutes = minutes;
  }

  get value(): number {
    return this.#value;
  }

  /** @param count what happened in the last `seconds`, more than 0 */
  add(count: number, seconds: number): void {
    const perMinute = (count * 60) / seconds;
    const kept = Math.exp(-seconds / (this.#minutes * 60));
    this.#value = perMinute + kept * (this.#value - perMinute);
  }
}
