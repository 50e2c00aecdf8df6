import type { KnownPublish } from "../channel/known-publish.ts";
import { FRAME_OVERHEAD_BYTES } from "../codec/frame-splitter.ts";

const FEWEST = 8;
const MOST = 512;

/**
 * The publishes that a connection has sent lately, found by the bytes of their method frames. Each has one place
 * that it may be in, which the next one takes: who sends to more addresses than there are places is decoded more
 * often, and nothing grows.
 */
export class KnownPublishes {
  #places: (KnownPublish | undefined)[] = [];
  #last: KnownPublish | undefined;

  /** The one whose frame begins at `at`. */
  find(bytes: DataView, at: number, end: number): KnownPublish | undefined {
    const last = this.#last;
    if (last === undefined) return undefined;
    if (last.isAt(bytes, at, end)) return last;
    const found = this.#places[placeOf(bytes, at, end, this.#places.length)];
    if (found === undefined || !found.isAt(bytes, at, end)) return undefined;
    return (this.#last = found);
  }

  add(publish: KnownPublish): void {
    const { frame } = publish;
    this.#last = publish;
    if (this.#places.length === 0) this.#places = Array.from({ length: FEWEST });
    let place = placeOf(frame, 0, frame.byteLength, this.#places.length);
    if (this.#places[place] !== undefined && this.#places.length < MOST) {
      this.#places = Array.from({ length: this.#places.length * 4 });
      place = placeOf(frame, 0, frame.byteLength, this.#places.length);
    }
    this.#places[place] = publish;
  }

  clear(): void {
    this.#places = [];
    this.#last = undefined;
  }
}

/** Channel, class, method and the length of the exchange's name stand before it. */
const NAMES_AT = 13;

/** Names differ at their end, mostly: so many bytes of it decide. */
const HASHED_BYTES = 40;

/** @param count a power of two */
function placeOf(bytes: DataView, at: number, end: number, count: number): number {
  const size = bytes.getUint32(at + 3);
  const frameEnd = Math.min(at + FRAME_OVERHEAD_BYTES + size, end);
  const from = Math.max(at + NAMES_AT, frameEnd - HASHED_BYTES);
  let hash = bytes.getUint16(at + 1) ^ size;
  for (let i = frameEnd - 4; i >= from; i -= 4) {
    hash = Math.imul(hash ^ bytes.getInt32(i), 0x9e37_79b1);
    hash ^= hash >>> 15;
  }
  return hash & (count - 1);
}
