const firstCount = 16;
const answerBytes = 4;

/** PUBACKs, PUBRECs, PUBRELs and PUBCOMPs of success that go out together: four bytes each, the same in every version. */
export class Answers {
  #bytes: Buffer = Buffer.allocUnsafe(firstCount * answerBytes);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** @param first the first byte */
  add(first: number, packetId: number): void {
    const at = this.#count * answerBytes;
    if (at === this.#bytes.length) this.#grow();
    const bytes = this.#bytes;
    bytes[at] = first;
    bytes[at + 1] = answerBytes - 2;
    bytes[at + 2] = packetId >> 8;
    bytes[at + 3] = packetId & 0xff;
    this.#count++;
  }

  /** All of them, in bytes that do not change any more. */
  take(): Buffer {
    const taken = Buffer.from(this.#bytes.subarray(0, this.#count * answerBytes));
    this.#count = 0;
    return taken;
  }

  #grow(): void {
    const larger = Buffer.allocUnsafe(this.#bytes.length * 2);
    this.#bytes.copy(larger);
    this.#bytes = larger;
  }
}
