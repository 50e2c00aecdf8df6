import type { Link } from "../load/link.ts";
import type { Tally } from "../load/tally.ts";

const noBytes = Buffer.alloc(0);

/**
 * Reads what a broker sends to an MQTT client: counts deliveries and confirmations and answers both as the
 * QoS asks, all answers to one chunk in one write.
 */
export class MqttReader {
  confirmed = 0;
  readonly #link: Link;
  readonly #tally: Tally | undefined;
  readonly #bodyBytes: number;
  readonly #heard: () => void;
  #answers: Buffer = noBytes;
  #answerBytes = 0;

  constructor(link: Link, tally: Tally | undefined, bodyBytes: number, heard: () => void) {
    this.#link = link;
    this.#tally = tally;
    this.#bodyBytes = bodyBytes;
    this.#heard = heard;
  }

  readonly read = (bytes: Buffer, end: number): number => {
    let at = 0;
    // Every byte of every delivery passes here: plain arithmetic, nothing allocated.
    while (end - at >= 2) {
      let size = 1;
      let length = 0;
      let byte = 128;
      while (byte >= 128 && at + size < end) {
        byte = bytes[at + size] ?? 0;
        length |= (byte & 127) << (7 * (size - 1));
        size++;
      }
      const next = at + size + length;
      if (byte >= 128 || next > end) break;
      const first = bytes[at] ?? 0;
      if (first >> 4 === 3) this.#publish(bytes, at + size, next, (first >> 1) & 3);
      else this.#other(bytes, first >> 4, at + size);
      at = next;
    }
    if (this.#answerBytes > 0) this.#flush();
    this.#heard();
    return at;
  };

  #publish(bytes: Buffer, at: number, end: number, qos: number): void {
    this.#tally?.deliver(bytes, end - this.#bodyBytes);
    if (qos === 0) return;
    const idAt = at + 2 + (((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0));
    this.#answer(qos === 1 ? 0x40 : 0x50, bytes, idAt);
  }

  #other(bytes: Buffer, type: number, idAt: number): void {
    if (type === 4 || type === 7) this.confirmed++;
    else if (type === 5) this.#answer(0x62, bytes, idAt);
    else if (type === 6) this.#answer(0x70, bytes, idAt);
    else if (type !== 13) throw new Error(`packet type ${type} from the broker`);
  }

  #answer(first: number, bytes: Buffer, idAt: number): void {
    if (this.#answerBytes + 4 > this.#answers.length) this.#flush(2 ** 14);
    const answers = this.#answers;
    const at = this.#answerBytes;
    answers[at] = first;
    answers[at + 1] = 2;
    answers[at + 2] = bytes[idAt] ?? 0;
    answers[at + 3] = bytes[idAt + 1] ?? 0;
    this.#answerBytes = at + 4;
  }

  #flush(room = 0): void {
    if (this.#answerBytes > 0)
      this.#link.write(this.#answers.subarray(0, this.#answerBytes), this.#answerBytes / 4);
    // What is on its way must not change: the next answers go behind it or into a new piece.
    this.#answers = room > 0 ? Buffer.allocUnsafe(room) : this.#answers.subarray(this.#answerBytes);
    this.#answerBytes = 0;
  }
}
