import type { Message } from "@dragoman/core";

const ZERO = 48;
const LF = 10;

/**
 * The beginning of MESSAGE frames to one subscription, which differ in message-id and in the number for the
 * acknowledgement only: written once, then copied and patched. What is said of the message follows it. It took 1.1 µs
 * to write each head as text and 0.2 µs so.
 */
export class MessageTemplate {
  readonly #head: Buffer;
  readonly #idAt: number;
  /** The number stands before this place; 0 when there is none. */
  readonly #numberEnd: number;
  /** It is written for numbers from here... */
  readonly #leastNumber: number;
  /** ...up to this one, which is not among them: those with as many digits. */
  readonly #endOfNumbers: number;

  /**
   * @param head from the command up to what is said of the message
   * @param idAt where the message-id of 32 digits begins
   * @param numberAt where the number for the acknowledgement begins; 0 when none is expected
   * @param number the number that stands there
   */
  constructor(head: Buffer, idAt: number, numberAt: number, number: number) {
    const digits = digitsOf(number);
    this.#head = head;
    this.#idAt = idAt;
    this.#numberEnd = numberAt === 0 ? 0 : numberAt + digits;
    this.#leastNumber = numberAt === 0 || digits === 1 ? 0 : 10 ** (digits - 1);
    this.#endOfNumbers = 10 ** digits;
  }

  /** True when the number has as many digits as there is room for. */
  fits(number: number): boolean {
    return number >= this.#leastNumber && number < this.#endOfNumbers;
  }

  /**
   * Bytes of a frame up to its body.
   *
   * @param lines header lines that end with the name of content-length
   */
  byteCount(lines: Uint8Array, bodyBytes: number): number {
    return this.#head.length + lines.length + digitsOf(bodyBytes) + 2;
  }

  /**
   * Writes a frame up to its body.
   *
   * @param at there is room for `byteCount` bytes from there on
   * @returns where the body begins
   */
  write(target: Buffer, at: number, message: Message, number: number, lines: Uint8Array): number {
    target.set(this.#head, at);
    message.writeIdText(target, at + this.#idAt);
    if (this.#numberEnd > 0) writeDigits(number, target, at + this.#numberEnd);
    target.set(lines, at + this.#head.length);
    const bodyBytes = message.body.length;
    const lengthEnd = at + this.byteCount(lines, bodyBytes) - 2;
    writeDigits(bodyBytes, target, lengthEnd);
    target[lengthEnd] = LF;
    target[lengthEnd + 1] = LF;
    return lengthEnd + 2;
  }
}

function digitsOf(number: number): number {
  let digits = 1;
  for (let power = 10; power <= number; power *= 10) digits++;
  return digits;
}

/** Decimal digits, the last one before `end`. */
function writeDigits(number: number, target: Buffer, end: number): void {
  let at = end;
  let left = number;
  do {
    const rest = Math.floor(left / 10);
    target[--at] = ZERO + left - rest * 10;
    left = rest;
  } while (left > 0);
}
