const firstCount = 64;
const noBytes = Buffer.alloc(0);

/** PUBACKs, PUBRECs, PUBRELs and PUBCOMPs of success that go out together: four bytes each, the same in every version. */
export class Answers {
  #bytes: Buffer = noBytes;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /**
   * Answers the packet whose identifier stands there.
   *
   * @param first the first byte of the answer
   */
  add(first: number, packet: Buffer, identifierAt: number): void {
    const at = this.#count * 4;
    if (at === this.#bytes.length) this.#grow();
    const bytes = this.#bytes;
    bytes[at] = first;
    bytes[at + 1] = 2;
    bytes[at + 2] = packet[identifierAt] ?? 0;
    bytes[at + 3] = packet[identifierAt + 1] ?? 0;
    this.#count++;
  }

  /** All of them, in bytes that do not change any more. */
  take(): Buffer {
    const taken = Buffer.from(this.#bytes.subarray(0, this.#count * 4));
    this.#count = 0;
    return taken;
  }

  #grow(): void {
    const larger = Buffer.allocUnsafe(Math.max(firstCount * 4, this.#bytes.length * 2));
    this.#bytes.copy(larger);
    this.#bytes = larger;
  }
}
