/** What makes the broker stop reading from publishers. */
export type PressureCause =
  /** The process has used its share of the machine's memory. */
  | "memory"
  /** The disk is nearly full. */
  | "disk"
  /** The engine could not write, or takes long for it. */
  | "storage";

const REASONS = {
  memory: "low on memory",
  disk: "low on disk",
  storage: "the storage is slow or fails",
} as const satisfies Record<PressureCause, string>;

/** Whether publishers must wait. Connections that publish listen, and stop reading while it is on. */
export class Pressure {
  readonly #causes = new Set<PressureCause>();
  readonly #listeners = new Set<(isOn: boolean) => void>();

  get isOn(): boolean {
    return this.#causes.size > 0;
  }

  /** For people: what is short. Empty when nothing is. */
  get reason(): string {
    return [...this.#causes].map((cause) => REASONS[cause]).join(", ");
  }

  raise(cause: PressureCause): void {
    this.#change(() => this.#causes.add(cause));
  }

  ease(cause: PressureCause): void {
    this.#change(() => this.#causes.delete(cause));
  }

  /** @returns a function that ends it */
  listen(listener: (isOn: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #change(change: () => void): void {
    const before = this.isOn;
    change();
    if (this.isOn === before) return;
    for (const listener of this.#listeners) listener(this.isOn);
  }
}
