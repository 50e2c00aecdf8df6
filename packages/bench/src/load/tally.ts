import { publisherAt, sequenceAt } from "./sequence.ts";

/** What all publishers have sent, and what all subscribers together have got of it. */
export class Traffic {
  readonly sent: Int32Array;
  readonly received: Float64Array;
  /** Deliveries to all subscribers. */
  delivered = 0;
  /** When each of a publisher's last sampled messages was due, milliseconds. */
  readonly #dueMs: Float64Array;
  readonly #sampled: number;
  readonly latenciesMs: number[] = [];
  isMeasuring = false;

  /** @param sampled the latency of every so many messages of a publisher is measured: a power of two */
  constructor(publishers: number, sampled: number) {
    this.sent = new Int32Array(publishers);
    this.received = new Float64Array(publishers);
    this.#sampled = sampled;
    this.#dueMs = new Float64Array(publishers * REMEMBERED);
  }

  /** Messages from `sequence` on, `count` of them, were due at `atMs`. */
  due(publisher: number, sequence: number, count: number, atMs: number): void {
    const sampled = this.#sampled;
    const first = Math.ceil(sequence / sampled);
    for (let sample = first; sample * sampled < sequence + count; sample++) {
      this.#dueMs[publisher * REMEMBERED + (sample % REMEMBERED)] = atMs;
    }
  }

  /** One message has reached one subscriber. */
  arrived(publisher: number, sequence: number): void {
    this.delivered++;
    this.received[publisher] = (this.received[publisher] ?? 0) + 1;
    this.time(publisher, sequence);
  }

  /** Measures, when it is sampled, how long a message took that is done now. */
  time(publisher: number, sequence: number): void {
    if ((sequence & (this.#sampled - 1)) !== 0 || !this.isMeasuring) return;
    const sample = sequence / this.#sampled;
    const due = this.#dueMs[publisher * REMEMBERED + (sample % REMEMBERED)] ?? 0;
    this.latenciesMs.push(performance.now() - due);
  }
}

/** Sampled messages of one publisher whose due time is remembered. */
const REMEMBERED = 2 ** 14;

/** What one subscriber has got: each publisher's messages must come once, in order, without a gap. */
export class Tally {
  readonly #traffic: Traffic;
  readonly #next: Int32Array;
  /** What was skipped and has not come later, as `publisher * 2^30 + number`. */
  readonly #missing = new Set<number>();
  duplicated = 0;
  outOfOrder = 0;

  constructor(traffic: Traffic) {
    this.#traffic = traffic;
    this.#next = new Int32Array(traffic.sent.length);
  }

  /** @param at where the body begins */
  deliver(bytes: Uint8Array, at: number): void {
    const publisher = publisherAt(bytes, at);
    const sequence = sequenceAt(bytes, at);
    if (this.#next[publisher] === sequence) this.#next[publisher] = sequence + 1;
    else this.#unexpected(publisher, sequence);
    this.#traffic.arrived(publisher, sequence);
  }

  /** Messages that those publishers have sent and that never came. */
  lost(publishers: Iterable<number>): number {
    let lost = this.#missing.size;
    for (const publisher of publishers) {
      lost += (this.#traffic.sent[publisher] ?? 0) - (this.#next[publisher] ?? 0);
    }
    return lost;
  }

  #unexpected(publisher: number, sequence: number): void {
    const next = this.#next[publisher];
    if (next === undefined) throw new Error(`a message of publisher ${publisher}, which does not exist`);
    const key = publisher * 2 ** 30;
    if (sequence > next) {
      for (let skipped = next; skipped < sequence; skipped++) this.#missing.add(key + skipped);
      this.#next[publisher] = sequence + 1;
    } else if (this.#missing.delete(key + sequence)) this.outOfOrder++;
    else this.duplicated++;
  }
}
