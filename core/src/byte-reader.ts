import { isUtf8 } from "node:buffer";
import { BrokerError } from "./errors.ts";

/**
 * Reads a piece of a packet from its first byte to its last. Big-endian, as MQTT and AMQP are.
 *
 * Bounds are checked here and nowhere else: every method throws BrokerError "malformed" when the
 * bytes end early. Views are passed on, not copies: who keeps one, copies it.
 */
export class ByteReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;

  /** @param end offset behind the last byte that may be read */
  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.#bytes = asBuffer(bytes);
    this.#at = start;
    this.#end = end;
  }

  /** Offset of the next byte within the bytes given to the constructor. */
  get at(): number {
    return this.#at;
  }

  /** Bytes not read yet. */
  get left(): number {
    return this.#end - this.#at;
  }

  uint8(): number {
    return this.#bytes.readUInt8(this.#skip(1));
  }

  uint16(): number {
    return this.#bytes.readUInt16BE(this.#skip(2));
  }

  uint32(): number {
    return this.#bytes.readUInt32BE(this.#skip(4));
  }

  uint64(): bigint {
    return this.#bytes.readBigUInt64BE(this.#skip(8));
  }

  int8(): number {
    return this.#bytes.readInt8(this.#skip(1));
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#skip(2));
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#skip(4));
  }

  int64(): bigint {
    return this.#bytes.readBigInt64BE(this.#skip(8));
  }

  float32(): number {
    return this.#bytes.readFloatBE(this.#skip(4));
  }

  float64(): number {
    return this.#bytes.readDoubleBE(this.#skip(8));
  }

  /** A view into the packet, not a copy. */
  take(byteCount: number): Buffer {
    const start = this.#skip(byteCount);
    return this.#bytes.subarray(start, this.#at);
  }

  /** @throws BrokerError "malformed" when the bytes are not UTF-8 */
  utf8(byteCount: number): string {
    const text = this.take(byteCount);
    if (!isUtf8(text)) throw new BrokerError("malformed", "text is not UTF-8");
    return text.toString("utf8");
  }

  #skip(byteCount: number): number {
    const start = this.#at;
    if (byteCount > this.#end - start) {
      throw new BrokerError("malformed", `ends early: ${byteCount} bytes wanted, ${this.#end - start} left`);
    }
    this.#at += byteCount;
    return start;
  }
}

/** The same bytes with Buffer's methods; never a copy. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
