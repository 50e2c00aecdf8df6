import { asBuffer, BrokerError } from "@dragoman/core";
import { maxFixedHeaderBytes } from "./fixed-header.ts";

const noBytes = Buffer.alloc(0);
const firstGrowth = 65_536;
/** By less, a packet of 1 MiB would be copied twice before it is whole. */
const growth = 4;

/**
 * Cuts a stream into packets, wherever the transport cut it. After `next` has returned true, `bytes`, `start`,
 * `bodyStart` and `end` say where the packet lies: in the chunk itself, so that an ordinary packet can be used
 * there without becoming an object. Only a packet that a chunk's end cut through is copied.
 *
 * The place is valid until the next call; a view of it pins the whole chunk.
 */
export class PacketSplitter {
  /** Largest packet accepted, fixed header included, in bytes. May be changed between packets. */
  maxPacketBytes: number;

  bytes: Buffer = noBytes;
  /** Offset of the packet's first byte. */
  start = 0;
  /** Offset behind the remaining length. */
  bodyStart = 0;
  /** Offset behind the packet. */
  end = 0;

  #chunk: Buffer = noBytes;
  #at = 0;
  /** Chunks that came while the reader of the packets paused. */
  #later: Buffer[] | undefined;
  /** A packet that began in an earlier chunk: what came of it, in a buffer that may be larger. */
  #partial: Buffer = noBytes;
  #partialBytes = 0;
  /** Length of that packet, 0 while its header is not complete. */
  #partialNeeds = 0;

  constructor(maxPacketBytes: number) {
    this.maxPacketBytes = maxPacketBytes;
  }

  /** Bytes that wait for `next`, those of an incomplete packet included. */
  get pendingBytes(): number {
    let count = this.#chunk.length - this.#at + this.#partialBytes;
    for (const chunk of this.#later ?? []) count += chunk.length;
    return count;
  }

  /** The chunk that is being cut, and how far it is. Nothing of an earlier one waits when `isInPlace`. */
  get chunk(): Buffer {
    return this.#chunk;
  }

  get at(): number {
    return this.#at;
  }

  get isInPlace(): boolean {
    return this.#partialBytes === 0;
  }

  /** Takes the packets up to `at` as cut. */
  advance(at: number): void {
    this.#at = at;
  }

  /** The chunk is kept until its packets are taken, or `keep` is called. */
  push(chunk: Uint8Array): void {
    if (this.#at === this.#chunk.length && this.#later === undefined) {
      this.#chunk = asBuffer(chunk);
      this.#at = 0;
    } else {
      (this.#later ??= []).push(asBuffer(chunk));
    }
  }

  /** Copies what waits, and lets go of the chunks that it came in. */
  keep(): void {
    // The last packet's place is past: an idle connection must not hold on to its chunk.
    this.bytes = noBytes;
    if (this.#at < this.#chunk.length) this.#chunk = Buffer.from(this.#chunk.subarray(this.#at));
    else this.#chunk = noBytes;
    this.#at = 0;
    this.#later = this.#later?.map((chunk) => Buffer.from(chunk));
  }

  /**
   * Moves to the next packet; false when it has not arrived in full.
   *
   * @throws BrokerError "malformed" for a remaining length over four bytes, §2.1.4; "too-large" for a packet over
   *   the limit, as soon as its length is known. The stream cannot be cut any further then.
   */
  next(): boolean {
    while (this.#at < this.#chunk.length || this.#turn()) {
      if (this.#partialBytes > 0 ? this.#completePartial() : this.#cutInPlace()) return true;
    }
    return false;
  }

  /** Goes on to the next waiting chunk. */
  #turn(): boolean {
    const chunk = this.#later?.shift();
    if (this.#later?.length === 0) this.#later = undefined;
    this.#chunk = chunk ?? noBytes;
    this.#at = 0;
    return chunk !== undefined;
  }

  #cutInPlace(): boolean {
    const chunk = this.#chunk;
    const start = this.#at;
    const end = this.#endOf(chunk, start, chunk.length);
    if (end === 0 || end > chunk.length) {
      this.#partialNeeds = end === 0 ? 0 : end - start;
      this.#keep(chunk.length - start);
      return false;
    }
    this.bytes = chunk;
    this.start = start;
    this.end = end;
    this.#at = end;
    return true;
  }

  #completePartial(): boolean {
    if (this.#partialNeeds === 0) {
      this.#keep(1);
      this.#partialNeeds = this.#endOf(this.#partial, 0, this.#partialBytes);
      if (this.#partialNeeds === 0) return false;
    }
    this.#keep(Math.min(this.#partialNeeds - this.#partialBytes, this.#chunk.length - this.#at));
    if (this.#partialBytes < this.#partialNeeds) return false;
    this.bytes = this.#partial;
    this.start = 0;
    this.#endOf(this.bytes, 0, this.#partialBytes);
    this.end = this.#partialNeeds;
    this.#partial = noBytes;
    this.#partialBytes = 0;
    this.#partialNeeds = 0;
    return true;
  }

  /** Copies bytes from the chunk to the incomplete packet. The buffer grows with what came, not with what was announced. */
  #keep(byteCount: number): void {
    const needed = this.#partialBytes + byteCount;
    if (needed > this.#partial.length) {
      const room = Math.max(needed, Math.min(this.#partialNeeds, Math.max(firstGrowth, needed * growth)));
      const larger = Buffer.allocUnsafeSlow(Math.max(room, maxFixedHeaderBytes));
      this.#partial.copy(larger, 0, 0, this.#partialBytes);
      this.#partial = larger;
    }
    this.#chunk.copy(this.#partial, this.#partialBytes, this.#at, this.#at + byteCount);
    this.#partialBytes = needed;
    this.#at += byteCount;
  }

  /** Offset behind the packet that starts there, also when it lies beyond `limit`; 0 while its length is unknown. */
  #endOf(bytes: Buffer, start: number, limit: number): number {
    let length = 0;
    let at = start + 1;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = at < limit ? bytes[at++] : undefined;
      if (byte === undefined) return 0;
      length |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.bodyStart = at;
        this.#checkLength(at - start + length);
        return at + length;
      }
    }
    throw new BrokerError("malformed", "remaining length over four bytes, §2.1.4");
  }

  #checkLength(byteCount: number): void {
    if (byteCount > this.maxPacketBytes) {
      throw new BrokerError("too-large", `packet of ${byteCount} bytes, limit ${this.maxPacketBytes}`);
    }
  }
}
