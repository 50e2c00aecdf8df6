/** Packet identifiers in use: a bit for each of the 65,535, in 8 KiB that are taken when the first one is. */
export class PacketIdSet {
  #bits: Uint32Array | undefined;

  has(packetId: number): boolean {
    return this.#bits !== undefined && ((this.#bits[packetId >> 5] ?? 0) & (1 << (packetId & 31))) !== 0;
  }

  add(packetId: number): void {
    const bits = (this.#bits ??= new Uint32Array(2048));
    bits[packetId >> 5] = (bits[packetId >> 5] ?? 0) | (1 << (packetId & 31));
  }

  /** False when it was not there. */
  delete(packetId: number): boolean {
    if (this.#bits === undefined || !this.has(packetId)) return false;
    this.#bits[packetId >> 5] = (this.#bits[packetId >> 5] ?? 0) & ~(1 << (packetId & 31));
    return true;
  }

  clear(): void {
    this.#bits = undefined;
  }
}
