import type { Frame, Version } from "./frame.ts";
import { headerOf } from "./frame.ts";
import { decodeHead, type FrameHead } from "./frame-head.ts";
import type { FrameLimits } from "./frame-limits.ts";
import { FrameSplitter } from "./frame-splitter.ts";

/** A head that is longer is not remembered: its like is decoded anew. */
export const maxKnownHeadBytes = 1024;

/** Bytes in, frames out, for either side of a connection. */
export class FrameDecoder {
  /** Frames may also be taken from here, as long as `next` was not asked for the one under way. */
  readonly splitter: FrameSplitter;
  #headUnderWay: Buffer | undefined;
  #last:
    { readonly bytes: Buffer; readonly head: FrameHead; readonly version: Version | undefined } | undefined;
  /** As negotiated. It counts for frames that are pulled from now on, even when their bytes are here already. */
  version: Version | undefined;

  constructor(limits: FrameLimits) {
    this.splitter = new FrameSplitter(limits);
  }

  /** They count from the next frame on. */
  set limits(limits: FrameLimits) {
    this.splitter.limits = limits;
  }

  /** Line ends seen between frames so far: heart-beats, or the optional end of a frame. */
  get eolCount(): number {
    return this.splitter.eolCount;
  }

  /** @param chunk frames are views into it, and it is kept until they are pulled or `retain` is called */
  push(chunk: Uint8Array): void {
    this.splitter.push(chunk);
  }

  /** To be called after each `push`: copies what of it was not pulled, and lets go of the chunk. */
  retain(): void {
    this.splitter.retain();
  }

  /**
   * The next whole frame, or undefined when more bytes are needed.
   *
   * @throws BrokerError "malformed" or "too-large"; only `failedReceipt` may be called afterwards
   */
  next(): Frame | undefined {
    const raw = this.splitter.next();
    if (raw === undefined) return undefined;
    const { command, headers } = this.#known(raw.head) ?? this.#decode(raw.head);
    return { command, headers, head: raw.head, body: raw.body, ownsBody: raw.ownsBody };
  }

  /** A client that sends much sends the same head again and again: it gets the same headers, the same object. */
  #known(head: Buffer): FrameHead | undefined {
    const last = this.#last;
    if (last === undefined || last.version !== this.version || last.bytes.length !== head.length)
      return undefined;
    return last.bytes.equals(head) ? last.head : undefined;
  }

  #decode(bytes: Buffer): FrameHead {
    this.#headUnderWay = bytes;
    const head = decodeHead(bytes, this.version);
    this.#headUnderWay = undefined;
    if (bytes.length <= maxKnownHeadBytes)
      this.#last = { bytes: Buffer.from(bytes), head, version: this.version };
    return head;
  }

  /**
   * After an error: the receipt that the frame at fault asked for, if that much of it can be read. STOMP 1.2,
   * ERROR, wants it repeated in the answer.
   */
  failedReceipt(): string | undefined {
    const head = this.#headUnderWay ?? this.splitter.head;
    const line = head === undefined ? undefined : /\nreceipt:[^\n]*\n/.exec(head.toString("utf8"))?.[0];
    if (line === undefined) return undefined;
    try {
      return headerOf(decodeHead(Buffer.from(`RECEIPT${line}\n`), this.version).headers, "receipt");
    } catch {
      return undefined;
    }
  }
}
