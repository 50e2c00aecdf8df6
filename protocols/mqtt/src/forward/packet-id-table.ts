const firstWords = 16;
/** 65,536 identifiers, two bits for each. */
const allWords = 4_096;

/**
 * How far the flow of each packet identifier has come: 0 for one that is not in use, or 1 to 3. Two bits for each, as
 * far as the identifiers in use go: 64 bytes for a client that stays below 256, 16 KiB for one that uses them all.
 */
export class PacketIdTable {
  #words: Uint32Array | undefined;
  #count = 0;

  /** Identifiers in use. */
  get count(): number {
    return this.#count;
  }

  get(packetId: number): number {
    return ((this.#words?.[packetId >> 4] ?? 0) >>> ((packetId & 15) << 1)) & 3;
  }

  set(packetId: number, phase: number): void {
    const words = this.#reach(packetId >> 4);
    const shift = (packetId & 15) << 1;
    const word = words[packetId >> 4] ?? 0;
    this.#count += (phase === 0 ? 0 : 1) - (((word >>> shift) & 3) === 0 ? 0 : 1);
    words[packetId >> 4] = (word & ~(3 << shift)) | (phase << shift);
  }

  clear(): void {
    this.#words = undefined;
    this.#count = 0;
  }

  #reach(index: number): Uint32Array {
    const words = this.#words;
    if (words !== undefined && index < words.length) return words;
    let length = words?.length ?? firstWords;
    while (length <= index && length < allWords) length *= 2;
    const larger = new Uint32Array(length);
    if (words !== undefined) larger.set(words);
    this.#words = larger;
    return larger;
  }
}
