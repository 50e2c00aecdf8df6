import { setImmediate as nextTurn } from "node:timers/promises";
import type { PublisherWire } from "../wire/wire.ts";
import { putPublisher, putSequence, sequenceBytes } from "./sequence.ts";
import type { Traffic } from "./tally.ts";

export interface PublisherOptions {
  readonly number: number;
  readonly topics: readonly string[];
  readonly bodyBytes: number;
  /** Messages that may be on their way. */
  readonly window: number;
  /** Messages in one write. */
  readonly batch: number;
  /** Messages that are sent at all; a multiple of `batch`. */
  readonly limit?: number;
  /** How many subscribers get each message; with 0, what is confirmed is done. */
  readonly receivers: number;
}

/**
 * Sends pre-encoded messages out of a ring of frames, and only when the system has taken all that was written
 * before, so that the bytes may change.
 */
export class Publisher {
  readonly #wire: PublisherWire;
  readonly #traffic: Traffic;
  readonly #options: PublisherOptions;
  readonly #ring: Buffer;
  readonly #stride: number;
  readonly #bodyAt: number;
  readonly #packetIdAt: number;
  readonly #frames: number;
  #writtenOff = 0;
  #timed = 0;
  isStopped = false;

  constructor(wire: PublisherWire, traffic: Traffic, options: PublisherOptions) {
    this.#wire = wire;
    this.#traffic = traffic;
    this.#options = options;
    const body = Buffer.alloc(options.bodyBytes, "x");
    putPublisher(body, 0, options.number);
    const templates = options.topics.map((topic) => wire.encode(topic, body));
    const [first] = templates;
    if (first === undefined || body.length < sequenceBytes) throw new Error("nothing to publish");
    this.#stride = first.bytes.length;
    this.#bodyAt = first.bodyAt;
    this.#packetIdAt = first.packetIdAt;
    const { batch } = options;
    // A whole number of rounds through the topics and of batches.
    this.#frames = (batch * templates.length) / gcd(batch, templates.length);
    this.#ring = Buffer.allocUnsafe(this.#frames * this.#stride);
    for (let i = 0; i < this.#frames; i++) {
      const { bytes } = templates[i % templates.length] ?? first;
      if (bytes.length !== this.#stride) throw new Error("topics of different length");
      bytes.copy(this.#ring, i * this.#stride);
    }
    wire.link.onDrain(() => this.pump());
  }

  /** Sends what the window allows, in whole batches. */
  pump(): void {
    const { batch, window, receivers, limit = Infinity } = this.#options;
    const { link } = this.#wire;
    if (receivers === 0) this.#timeConfirmed();
    while (!this.isStopped && !link.isBlocked && this.outstanding + batch <= window) {
      if (this.sent >= limit) return;
      this.#send(batch, performance.now());
    }
  }

  /** Sends that many messages, whatever the window says. Resolves when the system has taken them. */
  async fill(count: number): Promise<void> {
    for (let left = count; left > 0; left -= this.#options.batch) {
      while (this.#wire.link.isBlocked) await nextTurn();
      this.#send(Math.min(left, this.#options.batch), performance.now());
    }
  }

  /** Sends one message that was due at `dueMs`, whatever the window says. False when the link is full. */
  sendDue(dueMs: number): boolean {
    if (this.outstanding >= this.#options.window || this.#wire.link.isBlocked) return false;
    this.#send(1, dueMs);
    return true;
  }

  /** Messages that were not delivered to everybody, or not confirmed. */
  get outstanding(): number {
    const { number, receivers } = this.#options;
    const confirmed = this.#wire.confirmed;
    if (receivers === 0) return this.sent - this.confirmed - this.#writtenOff;
    const delivered = (this.#traffic.received[number] ?? 0) / receivers;
    const done = confirmed === undefined || delivered < confirmed ? delivered : confirmed;
    return this.sent - done - this.#writtenOff;
  }

  /** Takes what is on its way for lost, so that the window opens again. */
  writeOff(): void {
    this.#writtenOff += this.outstanding;
  }

  /** Messages that the broker has taken responsibility for, as far as it says so. */
  get confirmed(): number {
    return this.#wire.confirmed ?? 0;
  }

  get sent(): number {
    return this.#traffic.sent[this.#options.number] ?? 0;
  }

  /** Where nobody receives, a message has taken as long as its confirmation took. */
  #timeConfirmed(): void {
    for (; this.#timed < this.confirmed; this.#timed++) {
      this.#traffic.time(this.#options.number, this.#timed);
    }
  }

  #send(count: number, dueMs: number): void {
    const { sent } = this;
    this.#traffic.due(this.#options.number, sent, count, dueMs);
    const slot = sent % this.#frames;
    const start = slot * this.#stride;
    const end = start + count * this.#stride;
    const ring = this.#ring;
    let sequence = sent;
    for (let at = start; at < end; at += this.#stride) {
      putSequence(ring, at + this.#bodyAt, sequence);
      if (this.#packetIdAt >= 0) {
        const id = (sequence % 65_535) + 1;
        ring[at + this.#packetIdAt] = id >> 8;
        ring[at + this.#packetIdAt + 1] = id & 255;
      }
      sequence++;
    }
    this.#traffic.sent[this.#options.number] = sequence;
    this.#wire.link.write(ring.subarray(start, end), count);
  }
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
