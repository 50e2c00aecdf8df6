import { AmqpError } from "./amqp-error.ts";
import { BASIC_CLASS, type ContentHeader } from "./content.ts";
import type { BasicPublish } from "./methods/basic.generated.ts";

/** A publish with everything that belongs to it, in bytes of its own. */
export interface Content {
  readonly method: BasicPublish;
  /** Flags and property list. */
  readonly properties: Buffer;
  readonly body: Buffer;
}

/** Frames out of order, in RabbitMQ's words. */
function expected(what: string, other: string): AmqpError {
  return new AmqpError("unexpected-frame", `expected ${what}, got non ${other} instead`);
}

const HEADER = `content header for class ${BASIC_CLASS}`;

/** A body up to this size gets its memory at once; a larger one as its frames come. */
const SURE_BYTES = 256 * 1024;

/**
 * Puts together the frames of one channel's content: the method, its header, then body frames until the
 * size that the header told is reached. Properties and body are copied once, into one piece of memory.
 *
 * @see AMQP 0-9-1 §4.2.6
 */
export class ContentAssembly {
  #method: BasicPublish | undefined;
  #bodySize: number | undefined;
  #properties = 0;
  /** Properties, then body as far as it has come. */
  #bytes: Buffer = Buffer.alloc(0);
  #filled = 0;

  /** A method with content was begun and is not complete. */
  get isOpen(): boolean {
    return this.#method !== undefined;
  }

  /**
   * Something else came on the channel.
   *
   * @throws AmqpError "unexpected-frame" when content is under way
   */
  refuseMethod(): void {
    if (this.#method === undefined) return;
    if (this.#bodySize === undefined) throw expected(HEADER, "content header frame");
    throw expected("content body", "content body frame");
  }

  begin(method: BasicPublish): void {
    this.#method = method;
  }

  /** Forgets what has come. */
  abandon(): void {
    this.#method = undefined;
    this.#bodySize = undefined;
    this.#bytes = Buffer.alloc(0);
  }

  /**
   * @param bytes where the header lies, its properties from `header.propertiesAt` up to `end`
   * @returns the content, when its body is empty
   * @throws AmqpError "unexpected-frame" when no method with content came before
   */
  header(
    { classId, bodySize, propertiesAt }: ContentHeader,
    bytes: Buffer,
    end: number,
  ): Content | undefined {
    if (this.#method === undefined) throw expected("method frame", "method frame");
    if (this.#bodySize !== undefined) throw expected("content body", "content body frame");
    if (classId !== BASIC_CLASS) {
      throw new AmqpError(
        "unexpected-frame",
        `expected content header for class ${BASIC_CLASS}, got one for class ${classId} instead`,
      );
    }
    this.#bodySize = bodySize;
    this.#properties = end - propertiesAt;
    this.#bytes = Buffer.allocUnsafe(this.#properties + Math.min(bodySize, SURE_BYTES));
    this.#filled = bytes.copy(this.#bytes, 0, propertiesAt, end);
    return bodySize === 0 ? this.#finish() : undefined;
  }

  /**
   * The part of a body that lies in `bytes` from `start` up to `end`.
   *
   * @returns the content, when its body is complete
   * @throws AmqpError "unexpected-frame" when no header came before, or the body is longer than it said
   */
  body(bytes: Buffer, start: number, end: number): Content | undefined {
    if (this.#method === undefined) throw expected("method frame", "method frame");
    if (this.#bodySize === undefined) throw expected(HEADER, "content header frame");
    const byteCount = end - start;
    const left = this.#properties + this.#bodySize - this.#filled;
    if (byteCount > left) {
      throw new AmqpError("unexpected-frame", `content body of ${byteCount} bytes where ${left} are left`);
    }
    this.#makeRoom(byteCount);
    this.#filled += bytes.copy(this.#bytes, this.#filled, start, end);
    return byteCount === left ? this.#finish() : undefined;
  }

  #makeRoom(byteCount: number): void {
    const needed = this.#filled + byteCount;
    if (needed <= this.#bytes.length) return;
    const whole = this.#properties + (this.#bodySize ?? 0);
    const larger = Buffer.allocUnsafe(Math.min(whole, Math.max(needed, this.#bytes.length * 2)));
    this.#bytes.copy(larger, 0, 0, this.#filled);
    this.#bytes = larger;
  }

  #finish(): Content | undefined {
    const method = this.#method;
    if (method === undefined) return undefined;
    const properties = this.#bytes.subarray(0, this.#properties);
    const body = this.#bytes.subarray(this.#properties);
    this.abandon();
    return { method, properties, body };
  }
}
