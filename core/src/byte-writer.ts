/**
 * Builds a packet from its first byte to its last, growing as needed. Big-endian, as MQTT and AMQP are.
 *
 * A length that is known only later is reserved with `reserve` and filled in with `setUint32`.
 */
export class ByteWriter {
  #bytes: Buffer;
  #at = 0;

  /** @param sizeHint bytes that are probably needed; more is allocated when they do not suffice */
  constructor(sizeHint = 128) {
    this.#bytes = Buffer.allocUnsafe(sizeHint);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#at;
  }

  uint8(value: number): this {
    const at = this.reserve(1);
    this.#bytes.writeUInt8(value, at);
    return this;
  }

  uint16(value: number): this {
    const at = this.reserve(2);
    this.#bytes.writeUInt16BE(value, at);
    return this;
  }

  uint32(value: number): this {
    const at = this.reserve(4);
    this.#bytes.writeUInt32BE(value, at);
    return this;
  }

  uint64(value: bigint): this {
    const at = this.reserve(8);
    this.#bytes.writeBigUInt64BE(value, at);
    return this;
  }

  int8(value: number): this {
    const at = this.reserve(1);
    this.#bytes.writeInt8(value, at);
    return this;
  }

  int16(value: number): this {
    const at = this.reserve(2);
    this.#bytes.writeInt16BE(value, at);
    return this;
  }

  int32(value: number): this {
    const at = this.reserve(4);
    this.#bytes.writeInt32BE(value, at);
    return this;
  }

  int64(value: bigint): this {
    const at = this.reserve(8);
    this.#bytes.writeBigInt64BE(value, at);
    return this;
  }

  float32(value: number): this {
    const at = this.reserve(4);
    this.#bytes.writeFloatBE(value, at);
    return this;
  }

  float64(value: number): this {
    const at = this.reserve(8);
    this.#bytes.writeDoubleBE(value, at);
    return this;
  }

  bytes(value: Uint8Array): this {
    const at = this.reserve(value.length);
    this.#bytes.set(value, at);
    return this;
  }

  utf8(text: string): this {
    const at = this.reserve(Buffer.byteLength(text));
    this.#bytes.write(text, at, "utf8");
    return this;
  }

  /** Leaves room for bytes that are written later; returns their offset. */
  reserve(byteCount: number): number {
    const at = this.#at;
    this.#at += byteCount;
    if (this.#at > this.#bytes.length) this.#grow();
    return at;
  }

  /** What the offsets of `reserve` are offsets in, until more is written: for who fills in much at once. */
  get target(): Buffer {
    return this.#bytes;
  }

  /** Fills in a length at an offset that `reserve` gave. */
  setUint32(at: number, value: number): void {
    this.#bytes.writeUInt32BE(value, at);
  }

  /** What was written. A view: the writer must not be used again. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  #grow(): void {
    const larger = Buffer.allocUnsafe(Math.max(this.#at, this.#bytes.length * 2));
    this.#bytes.copy(larger);
    this.#bytes = larger;
  }
}
