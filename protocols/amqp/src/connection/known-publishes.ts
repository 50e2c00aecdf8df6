import { FRAME_OVERHEAD_BYTES } from "../codec/frame-splitter.ts";

const FEWEST = 8;
/** As many places as there are for whoever sends to many addresses, be it once to each. */
const MANY = 512;
/** As many as there are for addresses that come again and again, such as those of all channels in turn. */
const MOST = 8192;

/** A publish, as far as it is found by its method frame. */
export interface FramedPublish {
  /** The whole method frame. */
  readonly frame: DataView;
  /** True when the frame that begins at `at` is this one. */
  isAt(bytes: DataView, at: number, end: number): boolean;
}

/**
 * The publishes that a connection has sent lately, found by the bytes of their method frames. Each has one place
 * that it may be in, which the next one takes: who sends to more addresses than there are places is decoded more
 * often, and nothing grows.
 */
export class KnownPublishes<P extends FramedPublish> {
  #places: (P | undefined)[] = [];
  #last: P | undefined;
  /** Hashes of those that had to take another's place. */
  #crowded: Int32Array | undefined;
  /** How many of those came again lately. */
  #returns = 0;

  /** The one whose frame begins at `at`. */
  find(bytes: DataView, at: number, end: number): P | undefined {
    const last = this.#last;
    if (last === undefined) return undefined;
    if (last.isAt(bytes, at, end)) return last;
    const found = this.#places[hashOf(bytes, at, end) & (this.#places.length - 1)];
    if (found === undefined || !found.isAt(bytes, at, end)) return undefined;
    return (this.#last = found);
  }

  add(publish: P): void {
    const { frame } = publish;
    const hash = hashOf(frame, 0, frame.byteLength);
    this.#last = publish;
    if (this.#places.length === 0) this.#places = Array.from({ length: FEWEST });
    if (this.#places[hash & (this.#places.length - 1)] !== undefined && this.#needsMore(hash)) {
      this.#places = Array.from({ length: this.#places.length * 4 });
    }
    this.#places[hash & (this.#places.length - 1)] = publish;
  }

  /** Called about once a second. */
  tick(): void {
    this.#returns = 0;
  }

  clear(): void {
    this.#places = [];
    this.#last = undefined;
    this.#crowded = undefined;
    this.#returns = 0;
  }

  /** Addresses that never come again, such as those of answers, must not fill the memory: others have to. */
  #needsMore(hash: number): boolean {
    const count = this.#places.length;
    if (count < MANY) return true;
    if (count === MOST) return false;
    this.#crowded ??= new Int32Array(MOST);
    const at = hash & (MOST - 1);
    if (this.#crowded[at] === hash) this.#returns++;
    this.#crowded[at] = hash;
    if (this.#returns < count) return false;
    this.#returns = 0;
    return true;
  }
}

/** Channel, class, method and the length of the exchange's name stand before it. */
const NAMES_AT = 13;

/** Names differ at their end, mostly: so many bytes of it decide. */
const HASHED_BYTES = 40;

function hashOf(bytes: DataView, at: number, end: number): number {
  const size = bytes.getUint32(at + 3);
  const frameEnd = Math.min(at + FRAME_OVERHEAD_BYTES + size, end);
  const from = Math.max(at + NAMES_AT, frameEnd - HASHED_BYTES);
  let hash = bytes.getUint16(at + 1) ^ size;
  for (let i = frameEnd - 4; i >= from; i -= 4) {
    hash = Math.imul(hash ^ bytes.getInt32(i), 0x9e37_79b1);
    hash ^= hash >>> 15;
  }
  return hash;
}
