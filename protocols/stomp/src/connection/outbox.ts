import { type Clock, type Transport, Window } from "@dragoman/core";

/** Above this, queues keep their messages until the transport has caught up. */
const highWaterBytes = 256 * 1024;

/** A batch is handed over at this size, without waiting for the end of the turn. */
const fullBatchBytes = 64 * 1024;

/** From this size on bytes are passed on by themselves; below, copying them costs less. */
const largeBytes = 16 * 1024;

const leastBatchBytes = 256;
const nothing = Buffer.alloc(0);

/**
 * What leaves by the transport. Frames gather in one batch, which is handed over when the work that wrote them is
 * done: one piece for a chunk of the peer's, or of the publisher's whose messages are delivered.
 */
export class Outbox {
  /** Closed while the transport is full; every consumer of the connection takes part in it. */
  readonly window: Window = new Window();
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #maxBytes: number;
  /** Where `reserve` makes room. */
  batch: Buffer = nothing;
  #length = 0;
  #isText = true;
  /** Bytes that the next batch probably needs: as many as those before it. */
  #expectedLength = 0;
  /** What the transport had not sent when the batch was begun. */
  #bytesAhead = 0;
  #isScheduled = false;
  #isFull = false;
  lastSentMs: number;

  /** @param maxBytes what may wait for the peer before live subscriptions drop messages */
  constructor(transport: Transport, clock: Clock, maxBytes: number) {
    this.#transport = transport;
    this.#clock = clock;
    this.#maxBytes = maxBytes;
    this.lastSentMs = clock.now();
  }

  /** Text and other bytes travel differently. */
  get keepsText(): boolean {
    return this.#transport.keepsText;
  }

  /** The peer does not keep up: what has no queue to wait in is dropped. */
  get isOverfull(): boolean {
    return this.waitingBytes > this.#maxBytes;
  }

  /** @param isText the bytes are UTF-8 */
  send(bytes: Uint8Array, isText: boolean): void {
    if (bytes.length < largeBytes) {
      const at = this.reserve(bytes.length, isText);
      this.batch.set(bytes, at);
      return;
    }
    this.flush();
    this.#handOver(bytes, isText);
    this.#bytesAhead = this.#transport.bufferedBytes;
    this.#watchFullness();
  }

  /**
   * Makes room in `batch` for bytes that the caller writes there, all of them and before anything else is sent.
   *
   * @returns where they begin
   */
  reserve(byteCount: number, isText: boolean): number {
    if (this.#length > 0 && (this.#isOther(isText) || this.#length + byteCount > fullBatchBytes))
      this.flush();
    const at = this.#length;
    if (at === 0) this.#begin(byteCount, isText);
    else if (at + byteCount > this.batch.length) this.#grow(at + byteCount);
    this.#length = at + byteCount;
    this.#watchFullness();
    return at;
  }

  /** Hands over what has gathered. */
  flush(): void {
    if (this.#length === 0) return;
    const bytes = this.batch.subarray(0, this.#length);
    this.#expectedLength = Math.max(this.#length, this.#expectedLength >> 1);
    this.#length = 0;
    this.batch = nothing;
    this.#handOver(bytes, this.#isText);
  }

  /** The transport may have caught up. */
  drained(): void {
    if (!this.#isFull || this.waitingBytes > highWaterBytes) return;
    this.#isFull = false;
    this.window.resume();
  }

  /** What the peer has not taken yet. */
  get waitingBytes(): number {
    return this.#length === 0 ? this.#transport.bufferedBytes : this.#bytesAhead + this.#length;
  }

  #isOther(isText: boolean): boolean {
    return isText !== this.#isText && this.keepsText;
  }

  #begin(byteCount: number, isText: boolean): void {
    this.batch = Buffer.allocUnsafe(Math.max(byteCount, this.#expectedLength, leastBatchBytes));
    this.#isText = isText;
    this.#bytesAhead = this.#transport.bufferedBytes;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(this.#endOfWork);
  }

  #grow(byteCount: number): void {
    const larger = Buffer.allocUnsafe(Math.max(byteCount, Math.min(this.batch.length * 2, fullBatchBytes)));
    larger.set(this.batch, 0);
    this.batch = larger;
  }

  #watchFullness(): void {
    if (this.#isFull || this.#bytesAhead + this.#length <= highWaterBytes) return;
    this.#isFull = true;
    this.window.pause();
  }

  #handOver(bytes: Uint8Array, isText: boolean): void {
    this.#transport.send(bytes, isText);
    this.lastSentMs = this.#clock.now();
  }

  readonly #endOfWork = (): void => {
    this.#isScheduled = false;
    this.flush();
  };
}
