/** Something that has gathered bytes. */
export interface Flushable {
  flush(): void;
}

/** Lets every connection that has gathered bytes write them once, at the end of the loop's turn. */
export class Flusher {
  #dirty: Flushable[] = [];

  /** Each flushable must add itself only once in a turn. */
  add(flushable: Flushable): void {
    if (this.#dirty.push(flushable) === 1) setImmediate(this.#run);
  }

  readonly #run = (): void => {
    const dirty = this.#dirty;
    this.#dirty = [];
    for (const flushable of dirty) flushable.flush();
  };
}
