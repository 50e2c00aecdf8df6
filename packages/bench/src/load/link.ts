import { connect, type Socket } from "node:net";

/** Reads what lies in `bytes` from 0 to `end`; returns how much of it was whole. */
export type Reader = (bytes: Buffer, end: number) => number;

/** What lies between the socket and the stream of a protocol: WebSocket's frames. */
export interface Framing {
  /** @param count how many messages of equal length `bytes` holds; each gets a frame of its own */
  wrap(bytes: Uint8Array, count: number): Uint8Array;
  /** Moves what the frames carry to the front; returns its length. */
  unwrap(bytes: Buffer, end: number): number;
}

/** All links read into this one: nothing of it is kept beyond the call. */
const readBuffer = Buffer.allocUnsafe(2 ** 18);

/** A connection to the broker: a raw socket, and the incomplete end of what it last read. */
export class Link {
  readonly #socket: Socket;
  #reader: Reader = () => 0;
  #held: Buffer = Buffer.alloc(0);
  #heldBytes = 0;
  #failure: Error | undefined;
  #onChange: () => void = () => {};
  #framing: Framing | undefined;
  isEnding = false;

  private constructor(port: number, opened: () => void) {
    const onread = {
      buffer: readBuffer,
      callback: (length: number): boolean => {
        this.#receive(length);
        return true;
      },
    };
    this.#socket = connect({ port, host: "127.0.0.1", onread }, opened);
    this.#socket.setNoDelay(true);
    this.#socket.on("error", (error) => this.#fail(error));
    this.#socket.on("close", () => this.#fail(new Error("the broker closed a connection")));
  }

  static open(port: number): Promise<Link> {
    return new Promise((resolve, reject) => {
      const link = new Link(port, () => {
        link.#onChange = () => {};
        resolve(link);
      });
      link.#onChange = () => reject(link.#failure ?? new Error("the broker closed a connection"));
    });
  }

  /** Something written has not left yet. */
  get isBlocked(): boolean {
    return this.#socket.writableLength > 0;
  }

  /**
   * @param bytes must not change while `isBlocked`
   * @param count how many messages of equal length these are
   */
  write(bytes: Uint8Array, count = 1): void {
    this.#socket.write(this.#framing === undefined ? bytes : this.#framing.wrap(bytes, count));
  }

  frame(framing: Framing): void {
    this.#framing = framing;
  }

  onDrain(listener: () => void): void {
    this.#socket.on("drain", listener);
  }

  /** From now on what comes is read by `reader`, beginning with what is held. */
  read(reader: Reader): void {
    this.#reader = reader;
    this.#consumeHeld();
  }

  /**
   * Waits for an answer of the opening conversation.
   *
   * @param find how many bytes the whole answer has, or 0 while it is incomplete
   */
  async answer(find: Reader): Promise<Buffer> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      const length = find(this.#held, this.#heldBytes);
      if (length > 0) {
        const answer = Buffer.from(this.#held.subarray(0, length));
        this.#drop(length);
        return answer;
      }
      await new Promise<void>((resolve) => {
        this.#onChange = resolve;
      });
    }
  }

  close(): void {
    this.isEnding = true;
    this.#socket.destroy();
  }

  #fail(error: Error): void {
    if (this.isEnding || this.#failure !== undefined) return;
    this.#failure = error;
    this.#onChange();
  }

  /** The broker has ended this connection, or it never opened. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  #receive(read: number): void {
    const length = this.#framing?.unwrap(readBuffer, read) ?? read;
    if (this.#heldBytes === 0) {
      const whole = this.#reader(readBuffer, length);
      if (whole < length) this.#hold(whole, length);
    } else {
      this.#hold(0, length);
      this.#consumeHeld();
    }
    this.#onChange();
  }

  #consumeHeld(): void {
    const read = this.#reader(this.#held, this.#heldBytes);
    if (read > 0) this.#drop(read);
  }

  #hold(start: number, end: number): void {
    const needed = this.#heldBytes + end - start;
    if (needed > this.#held.length) {
      const larger = Buffer.allocUnsafe(needed * 2);
      this.#held.copy(larger, 0, 0, this.#heldBytes);
      this.#held = larger;
    }
    readBuffer.copy(this.#held, this.#heldBytes, start, end);
    this.#heldBytes = needed;
  }

  #drop(length: number): void {
    this.#held.copyWithin(0, length, this.#heldBytes);
    this.#heldBytes -= length;
  }
}
