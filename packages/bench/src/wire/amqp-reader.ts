import type { Link } from "../load/link.ts";
import type { Tally } from "../load/tally.ts";

/** basic.ack on channel 1; the delivery tag stands at 11, "multiple" behind it. */
const ackFrame = Buffer.from("0100010000000d003c0050000000000000000000ce", "hex");
const noBytes = Buffer.alloc(0);

/** Not at all, each delivery by itself, or all of a chunk at once. */
export type Acknowledgement = "none" | "each" | "chunk";

/**
 * Reads what a broker sends on channel 1: counts deliveries and confirmations, and acknowledges deliveries, all
 * of one chunk in one write.
 */
export class AmqpReader {
  confirmed = 0;
  readonly #link: Link;
  readonly #tally: Tally | undefined;
  readonly #acknowledgement: Acknowledgement;
  readonly #heard: () => void;
  readonly #confirmedAhead = new Set<number>();
  #isFirstPart = false;
  #answers: Buffer = noBytes;
  #answerBytes = 0;

  constructor(link: Link, tally: Tally | undefined, acknowledgement: Acknowledgement, heard: () => void) {
    this.#link = link;
    this.#tally = tally;
    this.#acknowledgement = acknowledgement;
    this.#heard = heard;
  }

  readonly read = (bytes: Buffer, end: number): number => {
    let at = 0;
    while (end - at >= 8) {
      const length =
        ((bytes[at + 3] ?? 0) << 24) |
        ((bytes[at + 4] ?? 0) << 16) |
        ((bytes[at + 5] ?? 0) << 8) |
        (bytes[at + 6] ?? 0);
      const next = at + length + 8;
      if (next > end) break;
      const type = bytes[at];
      if (type === 3) this.#body(bytes, at + 7);
      else if (type === 2) this.#isFirstPart = true;
      else if (type === 1) this.#method(bytes, at + 7);
      at = next;
    }
    if (this.#answerBytes > 0) this.#flush();
    this.#heard();
    return at;
  };

  /** A body may come in several frames: the first tells whose it is. */
  #body(bytes: Buffer, at: number): void {
    if (this.#isFirstPart) this.#tally?.deliver(bytes, at);
    this.#isFirstPart = false;
  }

  #method(bytes: Buffer, at: number): void {
    const id = ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 3] ?? 0);
    if (id === DELIVER) {
      if (this.#acknowledgement !== "none") this.#acknowledge(bytes, at + 5 + (bytes[at + 4] ?? 0));
    } else if (id === ACK) this.#confirm(bytes.readUInt32BE(at + 8), bytes[at + 12] === 1);
    else if (id !== BLOCKED && id !== UNBLOCKED) {
      throw new Error(
        `method ${bytes[at + 1]}.${bytes[at + 3]}: ${bytes.toString("latin1", at + 4, at + 100)}`,
      );
    }
  }

  #confirm(tag: number, isMultiple: boolean): void {
    if (isMultiple) this.confirmed = Math.max(this.confirmed, tag);
    else if (tag === this.confirmed + 1) this.confirmed = tag;
    else this.#confirmedAhead.add(tag);
    if (this.#confirmedAhead.size === 0) return;
    while (this.#confirmedAhead.delete(this.confirmed + 1)) this.confirmed++;
  }

  #acknowledge(bytes: Buffer, tagAt: number): void {
    // The last of the chunk speaks for those before it.
    if (this.#acknowledgement === "chunk") this.#answerBytes = 0;
    if (this.#answerBytes + ackFrame.length > this.#answers.length) this.#flush(2 ** 15);
    ackFrame.copy(this.#answers, this.#answerBytes);
    bytes.copy(this.#answers, this.#answerBytes + 11, tagAt, tagAt + 8);
    if (this.#acknowledgement === "chunk") this.#answers[this.#answerBytes + 19] = 1;
    this.#answerBytes += ackFrame.length;
  }

  #flush(room = 0): void {
    const count = this.#answerBytes / ackFrame.length;
    if (count > 0) this.#link.write(this.#answers.subarray(0, this.#answerBytes), count);
    // What is on its way must not change: the next answers go behind it or into a new piece.
    this.#answers = room > 0 ? Buffer.allocUnsafe(room) : this.#answers.subarray(this.#answerBytes);
    this.#answerBytes = 0;
  }
}

const DELIVER = (60 << 8) | 60;
const ACK = (60 << 8) | 80;
const BLOCKED = (10 << 8) | 60;
const UNBLOCKED = (10 << 8) | 61;
