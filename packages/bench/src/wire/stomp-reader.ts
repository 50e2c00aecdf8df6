import type { Link } from "../load/link.ts";
import type { Tally } from "../load/tally.ts";

const LF = 10;
const CR = 13;
const ackHeader = Buffer.from("\nack:");

/**
 * Reads what a broker sends to a STOMP client: counts deliveries, and acknowledges each by itself, all of one
 * chunk in one write. The head of a frame is about as long as the last one, so it is looked for there first.
 */
export class StompReader {
  readonly #link: Link;
  readonly #tally: Tally;
  readonly #bodyBytes: number;
  readonly #acknowledges: boolean;
  readonly #heard: () => void;
  #headBytes = 0;
  #ackAt = 0;
  #answers = "";
  #answerCount = 0;

  constructor(link: Link, tally: Tally, bodyBytes: number, acknowledges: boolean, heard: () => void) {
    this.#link = link;
    this.#tally = tally;
    this.#bodyBytes = bodyBytes;
    this.#acknowledges = acknowledges;
    this.#heard = heard;
  }

  readonly read = (bytes: Buffer, end: number): number => {
    let at = 0;
    while (at < end) {
      const first = bytes[at];
      if (first === LF || first === CR) {
        at++;
        continue;
      }
      const body = this.#endOfHead(bytes, at, end);
      if (body === -1) break;
      const next = body + this.#bodyBytes + 1;
      if (first !== MESSAGE) throw new Error(bytes.toString("utf8", at, body));
      if (next > end) break;
      this.#tally.deliver(bytes, body);
      if (this.#acknowledges) this.#acknowledge(bytes, at);
      at = next;
    }
    if (this.#answerCount > 0) this.#flush();
    this.#heard();
    return at;
  };

  /** Where the body begins; -1 while the head is incomplete. */
  #endOfHead(bytes: Buffer, at: number, end: number): number {
    for (let hint = this.#headBytes; hint < this.#headBytes + 3; hint++) {
      const body = at + hint;
      if (body <= end && bytes[body - 1] === LF && bytes[body - 2] === LF) {
        this.#headBytes = hint;
        return body;
      }
    }
    const blank = bytes.indexOf("\n\n", at, "latin1");
    if (blank === -1 || blank + 2 > end) return -1;
    this.#headBytes = blank + 2 - at;
    return blank + 2;
  }

  #acknowledge(bytes: Buffer, at: number): void {
    if (!this.#isAckHeader(bytes, at + this.#ackAt)) this.#ackAt = bytes.indexOf(ackHeader, at) - at;
    const start = at + this.#ackAt + ackHeader.length;
    let end = start;
    while (bytes[end] !== LF && bytes[end] !== CR) end++;
    this.#answers += `ACK\nid:${bytes.toString("latin1", start, end)}\n\n\0`;
    this.#answerCount++;
  }

  #isAckHeader(bytes: Buffer, at: number): boolean {
    return bytes[at] === LF && bytes[at + 1] === 97 && bytes[at + 2] === 99 && bytes[at + 4] === 58;
  }

  #flush(): void {
    this.#link.write(Buffer.from(this.#answers, "latin1"));
    this.#answers = "";
    this.#answerCount = 0;
  }
}

const MESSAGE = 77;
