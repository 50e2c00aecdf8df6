import { asBuffer } from "@dragoman/core";
import { AmqpError } from "./amqp-error.ts";
import { FRAME_BODY, FRAME_END, FRAME_HEADER, FRAME_HEARTBEAT, FRAME_METHOD } from "./constants.generated.ts";
import { viewOf } from "./same-bytes.ts";

/** Type, channel and payload size in front, the end octet behind. AMQP 0-9-1 §4.2.3 */
export const FRAME_HEAD_BYTES = 7;
export const FRAME_OVERHEAD_BYTES = 8;

/**
 * Cuts a stream of bytes into frames where they lie: give chunks with `push`, then call `next` until it
 * says no; after a yes the fields describe the frame. Only a frame that a chunk breaks is copied, once,
 * into a buffer of its own size.
 *
 * The owner may stop calling `next` at any frame and go on later; chunks pushed meanwhile wait in order.
 *
 * @see AMQP 0-9-1 §4.2.3
 */
export class FrameSplitter {
  /** One of the FRAME_ constants. */
  type = 0;
  channel = 0;
  /** The payload lies in `bytes` from `start` up to `end`, until the next call of `next`. */
  bytes: Buffer = noBytes;
  start = 0;
  end = 0;

  #payloadLimit: number;
  readonly #waiting: Buffer[] = [];
  #chunk: Buffer = noBytes;
  #at = 0;
  #view: DataView | undefined;
  /** A frame that began in an earlier chunk: its head at first, then the whole of it. */
  #broken: Buffer = noBytes;
  #brokenBytes = 0;

  /** @param frameMax bytes of payload accepted in one frame, at least 4096; 0 for no limit */
  constructor(frameMax: number) {
    this.#payloadLimit = payloadLimitOf(frameMax);
  }

  /** What connection.tune-ok agreed upon; for frames whose head has not been seen yet. */
  setFrameMax(frameMax: number): void {
    this.#payloadLimit = payloadLimitOf(frameMax);
  }

  get payload(): Buffer {
    return this.bytes.subarray(this.start, this.end);
  }

  /** @param chunk must not change before all its frames were taken, or `keep` was called */
  push(chunk: Uint8Array): void {
    this.#waiting.push(asBuffer(chunk));
  }

  /**
   * Moves on to the next frame that has come in whole.
   *
   * @throws AmqpError "frame-error" for an unknown type, a size over the limit (as soon as it is known) or
   * a wrong end octet
   */
  next(): boolean {
    while (this.#hasBytes()) {
      const isWhole = this.#brokenBytes > 0 ? this.#continueBroken() : this.#takeInPlace();
      if (isWhole) return true;
    }
    // The last frame is past: an idle connection must not hold on to its chunk.
    this.bytes = noBytes;
    return false;
  }

  /** True when a frame begins in `chunk` at `at`: who takes whole frames by itself says so with `skipTo`. */
  isBetweenFrames(): boolean {
    return this.#brokenBytes === 0 && this.#hasBytes();
  }

  get chunk(): Buffer {
    return this.#chunk;
  }

  /** Of the chunk. */
  get view(): DataView {
    return (this.#view ??= viewOf(this.#chunk));
  }

  get at(): number {
    return this.#at;
  }

  skipTo(at: number): void {
    this.#at = at;
  }

  /** Bytes of payload accepted in one frame. */
  get payloadLimit(): number {
    return this.#payloadLimit;
  }

  /** Bytes that wait for `next`, an incomplete frame not counted. */
  get waitingBytes(): number {
    return this.#waiting.reduce((sum, { length }) => sum + length, this.#chunk.length - this.#at);
  }

  /** Copies what has not been taken of the last chunk, which the caller lets go of. */
  keep(): void {
    const last = this.#waiting.pop();
    if (last !== undefined) {
      this.#waiting.push(Buffer.from(last));
    } else if (this.#at < this.#chunk.length) {
      this.#chunk = Buffer.from(this.#chunk.subarray(this.#at));
      this.#view = undefined;
      this.#at = 0;
    }
  }

  #hasBytes(): boolean {
    while (this.#at === this.#chunk.length) {
      this.#chunk = this.#waiting.shift() ?? noBytes;
      this.#view = undefined;
      this.#at = 0;
      if (this.#chunk === noBytes) return false;
    }
    return true;
  }

  #takeInPlace(): boolean {
    const left = this.#chunk.length - this.#at;
    if (left < FRAME_HEAD_BYTES) return this.#startBroken(FRAME_HEAD_BYTES);
    const frameBytes = this.#frameBytes(this.#chunk, this.#at);
    if (left < frameBytes) return this.#startBroken(frameBytes);
    this.#show(this.#chunk, this.#at, frameBytes);
    this.#at += frameBytes;
    return true;
  }

  #startBroken(byteCount: number): boolean {
    this.#broken = Buffer.allocUnsafe(byteCount);
    return this.#continueBroken();
  }

  #continueBroken(): boolean {
    const taken = Math.min(this.#broken.length - this.#brokenBytes, this.#chunk.length - this.#at);
    this.#chunk.copy(this.#broken, this.#brokenBytes, this.#at, this.#at + taken);
    this.#at += taken;
    this.#brokenBytes += taken;
    if (this.#brokenBytes < this.#broken.length) return false;
    if (this.#broken.length === FRAME_HEAD_BYTES) return this.#growBroken();
    this.#show(this.#broken, 0, this.#broken.length);
    this.#broken = noBytes;
    this.#brokenBytes = 0;
    return true;
  }

  /** The head is complete, so the size of the whole frame is known. */
  #growBroken(): boolean {
    const whole = Buffer.allocUnsafe(this.#frameBytes(this.#broken, 0));
    this.#broken.copy(whole);
    this.#broken = whole;
    return false;
  }

  #frameBytes(bytes: Buffer, at: number): number {
    const type = bytes.readUInt8(at);
    if (type !== FRAME_METHOD && type !== FRAME_HEADER && type !== FRAME_BODY && type !== FRAME_HEARTBEAT) {
      throw new AmqpError("frame-error", `unknown frame type ${type}`);
    }
    const payloadBytes = bytes.readUInt32BE(at + 3);
    if (payloadBytes > this.#payloadLimit) {
      throw new AmqpError("frame-error", `frame of ${payloadBytes} bytes, limit ${this.#payloadLimit}`);
    }
    return payloadBytes + FRAME_OVERHEAD_BYTES;
  }

  #show(bytes: Buffer, at: number, frameBytes: number): void {
    const end = at + frameBytes - 1;
    if (bytes.readUInt8(end) !== FRAME_END) {
      throw new AmqpError("frame-error", `frame ends with octet ${bytes.readUInt8(end)}, not ${FRAME_END}`);
    }
    this.type = bytes.readUInt8(at);
    this.channel = bytes.readUInt16BE(at + 1);
    this.bytes = bytes;
    this.start = at + FRAME_HEAD_BYTES;
    this.end = end;
  }
}

const noBytes = Buffer.alloc(0);

/**
 * As RabbitMQ does, a frame may pass the limit by its own head and end: some clients count only the
 * payload.
 */
function payloadLimitOf(frameMax: number): number {
  return frameMax === 0 ? Number.POSITIVE_INFINITY : frameMax;
}
