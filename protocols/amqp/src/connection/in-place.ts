import { BrokerError, ChunkCopies } from "@dragoman/core";
import type { Channel } from "../channel/channel.ts";
import { KnownPublish } from "../channel/known-publish.ts";
import { ACKNOWLEDGEMENT_BYTES, BASIC_ACK, BASIC_NACK } from "../codec/acknowledgement-frame.ts";
import { FRAME_END, FRAME_METHOD } from "../codec/constants.generated.ts";
import { FRAME_HEAD_BYTES, FRAME_OVERHEAD_BYTES } from "../codec/frame-splitter.ts";
import { decodeMethod } from "../codec/method.ts";
import { basicPublish, type BasicPublish } from "../codec/methods/basic.generated.ts";
import { WholeContent } from "../codec/whole-content.ts";
import { KnownPublishes } from "./known-publishes.ts";

/** What has come and who it is for. */
export interface Ahead {
  readonly chunk: Uint8Array;
  /** Of the same bytes. */
  readonly view: DataView;
  readonly channels: ReadonlyMap<number, Channel>;
  /** Of a frame's payload, and of a body. */
  readonly maxBytes: number;
}

/** Class and method number in one. */
const BASIC_PUBLISH = basicPublish.classId * 0x1_0000 + basicPublish.methodId;

/**
 * Takes ordinary publishes and acknowledgements where they lie in a chunk, without cutting, decoding or copying them
 * one by one. Whatever is not whole or not ordinary, faults included, is left to the plain way, which knows all
 * frames; a property test holds the two against each other.
 *
 * From socket to socket, without them, 256 bytes took 2.7 µs the plain way and take 1.7 with their frames taken here.
 */
export class InPlace {
  readonly #publishes = new KnownPublishes<KnownPublish>();
  readonly #copies = new ChunkCopies();
  readonly #content = new WholeContent();
  #isInUse = false;

  /**
   * @param at where a frame begins
   * @returns where the first frame begins that must go the plain way, or the end
   */
  take(ahead: Ahead, at: number): number {
    let from = at;
    for (let next = from; ; from = next) {
      next = this.#one(ahead, from);
      if (next === from) break;
    }
    this.#copies.release();
    return from;
  }

  /** Called about once a second: who has nothing to publish needs no memory for it. */
  tick(): void {
    if (this.#isInUse) this.#publishes.tick();
    else this.#publishes.clear();
    this.#isInUse = false;
  }

  #one(ahead: Ahead, at: number): number {
    const { view, channels } = ahead;
    if (view.byteLength - at < ACKNOWLEDGEMENT_BYTES) return at;
    const method = view.getUint32(at + 7);
    if (method === BASIC_PUBLISH) return this.#publish(ahead, at);
    if (method !== BASIC_ACK && method !== BASIC_NACK) return at;
    const channel = channels.get(view.getUint16(at + 1));
    return channel === undefined ? at : channel.acknowledgeInPlace(view, at, method);
  }

  #publish(ahead: Ahead, at: number): number {
    const { chunk, view, maxBytes } = ahead;
    const end = view.byteLength;
    const found = this.#publishes.find(view, at, end);
    const known = found?.channel.isBetweenCommands === true ? found : this.#learn(ahead, at);
    if (known === undefined) return at;
    const content = this.#content;
    if (!content.read(view, at + known.frame.byteLength, end, known.channel.number, maxBytes)) return at;
    this.#isInUse = true;
    known.channel.publishInPlace(known, chunk, view, content, this.#copies);
    return content.end;
  }

  /** A publish whose like may come again; undefined when it is not whole, not legal, or not to be expected now. */
  #learn({ chunk, view, channels, maxBytes }: Ahead, at: number): KnownPublish | undefined {
    const payloadBytes = view.getUint32(at + 3);
    const frameEnd = at + FRAME_OVERHEAD_BYTES + payloadBytes;
    if (payloadBytes > maxBytes || frameEnd > view.byteLength) return undefined;
    if (view.getUint8(at) !== FRAME_METHOD || view.getUint8(frameEnd - 1) !== FRAME_END) return undefined;
    const channel = channels.get(view.getUint16(at + 1));
    if (channel?.isBetweenCommands !== true) return undefined;
    const frame = Buffer.from(chunk.subarray(at, frameEnd));
    const method = readPublish(frame.subarray(FRAME_HEAD_BYTES, -1));
    if (method === undefined) return undefined;
    const known = new KnownPublish(channel, method, frame);
    this.#publishes.add(known);
    return known;
  }
}

/** Undefined for a payload that is none: the plain way says what is wrong with it. */
function readPublish(payload: Buffer): BasicPublish | undefined {
  try {
    const method = decodeMethod(payload);
    return method.name === "basic.publish" ? method : undefined;
  } catch (error) {
    if (error instanceof BrokerError) return undefined;
    throw error;
  }
}
