const slabBytes = 8 * 1024;
/** A view on a chunk keeps some 200 bytes alive beside its contents; below this size a copy is cheaper. */
const smallBytes = 2 * 1024;

/**
 * Pieces of a frame that wait for the rest of it, joined once at the end.
 *
 * Large pieces are kept as views, small ones are gathered in slabs: a peer that sends byte by byte costs about as
 * much memory as it sends bytes.
 */
export class HeldBytes {
  #pieces: Buffer[] = [];
  #slab: Buffer | undefined;
  #slabUsed = 0;
  #length = 0;

  /** Bytes held. */
  get length(): number {
    return this.#length;
  }

  add(piece: Buffer): void {
    this.#length += piece.length;
    if (piece.length >= smallBytes) {
      this.#closeSlab();
      this.#pieces.push(piece);
      return;
    }
    if (this.#slabUsed + piece.length > slabBytes) this.#closeSlab();
    this.#slab ??= Buffer.allocUnsafeSlow(slabBytes);
    this.#slab.set(piece, this.#slabUsed);
    this.#slabUsed += piece.length;
  }

  /** Everything that was added, followed by `last`, as one piece; nothing is held afterwards. */
  join(last: Buffer): Buffer {
    if (this.#length === 0) return last;
    this.#closeSlab();
    this.#pieces.push(last);
    const joined = Buffer.concat(this.#pieces, this.#length + last.length);
    this.#pieces = [];
    this.#length = 0;
    return joined;
  }

  #closeSlab(): void {
    if (this.#slab === undefined) return;
    this.#pieces.push(this.#slab.subarray(0, this.#slabUsed));
    this.#slab = undefined;
    this.#slabUsed = 0;
  }
}
