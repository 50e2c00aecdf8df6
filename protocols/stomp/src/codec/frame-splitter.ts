import { asBuffer, BrokerError } from "@dragoman/core";
import type { RawFrame } from "./frame.ts";
import type { FrameLimits } from "./frame-limits.ts";
import { contentLength } from "./content-length.ts";
import { HeldBytes } from "./held-bytes.ts";

const NUL = 0;
const LF = 10;
const CR = 13;

const nothing = Buffer.alloc(0);

/** The longest command, UNSUBSCRIBE, has 11 letters; what does not end soon after is no STOMP at all. */
const maxCommandBytes = 32;

/**
 * Cuts a byte stream into frames. It knows where a frame ends and nothing else.
 *
 * Bytes are pushed, frames are pulled, so a connection that has to wait in the middle of a chunk just stops
 * pulling. A frame that lies whole in one chunk is a view into it; of one that came in pieces each byte is copied
 * once, if its length was announced.
 *
 * @see STOMP 1.2, STOMP Frames; Header content-length
 */
export class FrameSplitter {
  /** They count from the next piece on. */
  limits: FrameLimits;
  #chunk: Buffer = nothing;
  #at = 0;
  readonly #waiting: Buffer[] = [];
  readonly #held = new HeldBytes();

  /** The frame under way: its head, once it is complete. */
  #head: Buffer | undefined;
  #bodyBytes: number | undefined;
  #headBytes = 0;
  #lineCount = 0;
  #lineBytes = 0;
  #lineIsCr = false;
  #eolCount = 0;

  constructor(limits: FrameLimits) {
    this.limits = limits;
  }

  /** Line ends seen between frames so far: heart-beats, or the optional end of a frame. */
  get eolCount(): number {
    return this.#eolCount;
  }

  /** The head of the frame under way if it is complete, for what an error wants to say about it. */
  get head(): Buffer | undefined {
    return this.#head;
  }

  /** The bytes that lie ahead, from `at` on, if a frame begins there; for who knows frames by their bytes. */
  get ahead(): Buffer | undefined {
    if (this.#head !== undefined || this.#headBytes > 0) return undefined;
    if (this.#at === this.#chunk.length && !this.#takeChunk()) return undefined;
    return this.#chunk;
  }

  get at(): number {
    return this.#at;
  }

  /** Frames up to there were taken from `ahead`, and so many line ends between them. */
  advance(at: number, eolCount: number): void {
    this.#at = at;
    this.#eolCount += eolCount;
  }

  /** @param chunk frames are views into it, and it is kept until they are pulled or `retain` is called */
  push(chunk: Uint8Array): void {
    this.#waiting.push(asBuffer(chunk));
  }

  /** To be called after each `push`: copies what of it was not pulled, and lets go of the chunk. */
  retain(): void {
    const last = this.#waiting.pop();
    if (last !== undefined) {
      this.#waiting.push(Buffer.from(last));
    } else {
      this.#chunk = this.#at < this.#chunk.length ? Buffer.from(this.#chunk.subarray(this.#at)) : nothing;
      this.#at = 0;
    }
  }

  /**
   * The next whole frame, or undefined when more bytes are needed.
   *
   * @throws BrokerError "malformed" or "too-large"; the splitter must not be used again
   */
  next(): RawFrame | undefined {
    for (;;) {
      const frame = this.#at < this.#chunk.length ? this.#cut() : undefined;
      if (frame !== undefined) return frame;
      if (!this.#takeChunk()) return undefined;
    }
  }

  #takeChunk(): boolean {
    const chunk = this.#waiting.shift();
    if (chunk === undefined) return false;
    this.#chunk = chunk;
    this.#at = 0;
    return true;
  }

  /** Either gives a frame or has taken in the whole chunk. */
  #cut(): RawFrame | undefined {
    if (this.#head === undefined) {
      if (this.#headBytes === 0) this.#skipEols();
      const start = this.#at;
      const end = this.#scanHead(start);
      const piece = this.#chunk.subarray(start, end ?? this.#chunk.length);
      this.#at = start + piece.length;
      if (end === undefined) {
        if (piece.length > 0) this.#held.add(piece);
        return undefined;
      }
      this.#head = this.#join(piece);
      this.#bodyBytes = contentLength(this.#head);
      this.#refuseBody(this.#bodyBytes ?? 0);
    }
    const cameInPieces = this.#held.length > 0;
    const body = this.#bodyBytes === undefined ? this.#cutToNul() : this.#cutBytes(this.#bodyBytes);
    if (body === undefined) {
      if (!cameInPieces) this.#head = Buffer.from(this.#head);
      return undefined;
    }
    const frame: RawFrame = { head: this.#head, body, ownsBody: cameInPieces };
    this.#head = undefined;
    this.#headBytes = 0;
    this.#lineCount = 0;
    return frame;
  }

  /** Between frames; also skips a NUL too many, which some clients send. */
  #skipEols(): void {
    const chunk = this.#chunk;
    let at = this.#at;
    for (; at < chunk.length; at++) {
      const byte = chunk[at];
      if (byte === LF) this.#eolCount++;
      else if (byte !== CR && byte !== NUL) break;
    }
    this.#at = at;
  }

  /**
   * Looks for the blank line and gives the offset behind it; undefined when it is not in this chunk.
   *
   * Byte by byte on purpose: lines are some twenty bytes long, and a call of `indexOf` per line took longer.
   */
  #scanHead(start: number): number | undefined {
    const chunk = this.#chunk;
    let lineBytes = this.#lineBytes;
    for (let at = start; at < chunk.length; at++) {
      const byte = chunk[at];
      if (byte === LF) {
        if (lineBytes === 0 || (lineBytes === 1 && this.#lineIsCr)) {
          this.#endHead(at + 1 - start);
          return at + 1;
        }
        this.#endLine(lineBytes);
        lineBytes = 0;
      } else {
        if (lineBytes === 0) this.#startLine(byte);
        lineBytes++;
      }
    }
    this.#lineBytes = lineBytes;
    this.#refuseLine(lineBytes);
    this.#refuseHead(chunk.length - start);
    return undefined;
  }

  #startLine(byte: number | undefined): void {
    this.#lineIsCr = byte === CR;
    if (byte === NUL) {
      throw new BrokerError("malformed", "the frame ends before the blank line that must follow its headers");
    }
  }

  #endLine(lineBytes: number): void {
    this.#refuseLine(lineBytes);
    this.#lineCount++;
    if (this.#lineCount > this.limits.maxHeaderCount + 1) {
      throw new BrokerError("too-large", `more than ${this.limits.maxHeaderCount} headers in one frame`);
    }
  }

  #endHead(byteCount: number): void {
    this.#refuseHead(byteCount);
    this.#lineBytes = 0;
  }

  #refuseLine(byteCount: number): void {
    if (this.#lineCount === 0 && byteCount > maxCommandBytes) {
      throw new BrokerError("malformed", `no STOMP command in the first ${maxCommandBytes} bytes`);
    }
    const limit = this.limits.maxHeaderLineBytes;
    if (byteCount > limit) {
      throw new BrokerError("too-large", `header line of at least ${byteCount} bytes, limit ${limit}`);
    }
  }

  #refuseHead(byteCount: number): void {
    this.#headBytes += byteCount;
    const limit = this.limits.maxHeadBytes;
    if (this.#headBytes > limit) {
      throw new BrokerError("too-large", `headers of at least ${this.#headBytes} bytes, limit ${limit}`);
    }
  }

  #refuseBody(byteCount: number): void {
    const limit = this.limits.maxBodyBytes;
    if (byteCount > limit) throw new BrokerError("too-large", `body of ${byteCount} bytes, limit ${limit}`);
  }

  #cutToNul(): Buffer | undefined {
    const start = this.#at;
    const end = this.#chunk.indexOf(NUL, start);
    const piece = this.#chunk.subarray(start, end < 0 ? this.#chunk.length : end);
    this.#refuseBody(this.#held.length + piece.length);
    if (end < 0) {
      this.#at = this.#chunk.length;
      this.#held.add(piece);
      return undefined;
    }
    this.#at = end + 1;
    return this.#join(piece);
  }

  #cutBytes(bodyBytes: number): Buffer | undefined {
    const start = this.#at;
    const end = start + bodyBytes - this.#held.length;
    if (end >= this.#chunk.length) {
      this.#at = this.#chunk.length;
      this.#held.expect(bodyBytes);
      this.#held.add(this.#chunk.subarray(start));
      return undefined;
    }
    if (this.#chunk[end] !== NUL) {
      throw new BrokerError(
        "malformed",
        `content-length:${bodyBytes} does not lead to the NUL that ends the frame`,
      );
    }
    this.#at = end + 1;
    return this.#join(this.#chunk.subarray(start, end));
  }

  /** What is held, if anything, and the last piece of it. */
  #join(last: Buffer): Buffer {
    if (this.#held.length === 0) return last;
    this.#held.add(last);
    return this.#held.take();
  }
}
