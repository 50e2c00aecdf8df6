import { ChunkCopies } from "@dragoman/core";
import type { Channel } from "../channel/channel.ts";
import { KnownPublish } from "../channel/known-publish.ts";
import { ACKNOWLEDGEMENT_BYTES, BASIC_ACK, BASIC_NACK } from "../codec/acknowledgement-frame.ts";
import { basicPublish, type BasicPublish } from "../codec/methods/basic.generated.ts";
import { viewOf } from "../codec/same-bytes.ts";
import { WholeContent } from "../codec/whole-content.ts";
import { KnownPublishes } from "./known-publishes.ts";

/** Class and method number in one. */
const BASIC_PUBLISH = basicPublish.classId * 0x1_0000 + basicPublish.methodId;

/**
 * Takes ordinary publishes and acknowledgements where they lie in a chunk, without cutting, decoding or copying them
 * one by one. Whatever is not whole or not ordinary, faults included, is left to the plain way, which knows all
 * frames; a property test holds the two against each other.
 *
 * A publish of 256 bytes to a consumer took 2.7 µs the plain way and takes 0.7 this way.
 */
export class InPlace {
  readonly #publishes = new KnownPublishes();
  readonly #copies = new ChunkCopies();
  readonly #content = new WholeContent();
  #isInUse = false;

  /**
   * @param at where a frame begins
   * @param maxBytes of a frame's payload, and of a body
   * @returns where the first frame begins that must go the plain way, or the end
   */
  take(
    chunk: Uint8Array,
    view: DataView,
    at: number,
    channels: ReadonlyMap<number, Channel>,
    maxBytes: number,
  ): number {
    let from = at;
    for (let next = from; ; from = next) {
      next = this.#one(chunk, view, from, channels, maxBytes);
      if (next === from) break;
    }
    this.#copies.release();
    return from;
  }

  /** The plain way has met a publish whose like may come again: its method frame lies in `chunk`. */
  learn(channel: Channel, method: BasicPublish, chunk: Uint8Array, start: number, end: number): void {
    this.#isInUse = true;
    const frame = Uint8Array.from(chunk.subarray(start, end));
    // A frame that a chunk broke has come by the plain way though it is known.
    if (this.#publishes.find(viewOf(frame), 0, frame.length)?.channel === channel) return;
    this.#publishes.add(new KnownPublish(channel, method, frame));
  }

  /** Called about once a second: who has nothing to publish needs no memory for it. */
  tick(): void {
    if (!this.#isInUse) this.#publishes.clear();
    this.#isInUse = false;
  }

  #one(
    chunk: Uint8Array,
    view: DataView,
    at: number,
    channels: ReadonlyMap<number, Channel>,
    maxBytes: number,
  ): number {
    const end = view.byteLength;
    if (end - at < ACKNOWLEDGEMENT_BYTES) return at;
    const method = view.getUint32(at + 7);
    if (method === BASIC_PUBLISH) return this.#publish(chunk, view, at, maxBytes);
    if (method !== BASIC_ACK && method !== BASIC_NACK) return at;
    const channel = channels.get(view.getUint16(at + 1));
    return channel === undefined ? at : channel.acknowledgeInPlace(view, at, method);
  }

  #publish(chunk: Uint8Array, view: DataView, at: number, maxBytes: number): number {
    const end = view.byteLength;
    const known = this.#publishes.find(view, at, end);
    if (known === undefined || !known.channel.isBetweenCommands) return at;
    const content = this.#content;
    if (!content.read(view, at + known.frame.byteLength, end, known.channel.number, maxBytes)) return at;
    this.#isInUse = true;
    known.channel.publishInPlace(known, chunk, view, content, this.#copies);
    return content.end;
  }
}
