const nothing = Buffer.alloc(0);
const leastBytes = 512;

/** Pieces of a frame that wait for the rest of it, in one growing copy: a view of each would keep its whole chunk. */
export class HeldBytes {
  #bytes = nothing;
  #length = 0;

  /** Bytes held. */
  get length(): number {
    return this.#length;
  }

  /** Makes room for that many bytes in all, so that none is copied twice. */
  expect(byteCount: number): void {
    if (byteCount > this.#bytes.length) this.#grow(byteCount);
  }

  add(piece: Buffer): void {
    const length = this.#length + piece.length;
    if (length > this.#bytes.length) this.#grow(Math.max(length, this.#bytes.length * 2, leastBytes));
    this.#bytes.set(piece, this.#length);
    this.#length = length;
  }

  /** Everything that was added, to be kept by the caller; nothing is held afterwards. */
  take(): Buffer {
    const held = this.#bytes.subarray(0, this.#length);
    this.#bytes = nothing;
    this.#length = 0;
    return held;
  }

  #grow(capacity: number): void {
    const larger = Buffer.allocUnsafeSlow(capacity);
    larger.set(this.#bytes.subarray(0, this.#length), 0);
    this.#bytes = larger;
  }
}
