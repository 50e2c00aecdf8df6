import { ChunkCopies } from "@dragoman/core";
import type { Frame } from "../codec/frame.ts";
import type { FrameSplitter } from "../codec/frame-splitter.ts";
import { HeadValues, numberAt, varying } from "../codec/head-pattern.ts";
import type { Session } from "../connection/session.ts";
import type { SendPlan } from "../connection/send-plan.ts";
import { tokenAt, type TokenNumbers } from "../translation/ack-token.ts";
import { KnownHeads } from "./known-heads.ts";

const NUL = 0;
const LF = 10;

/** What frames with a known head do. */
type Meaning = { readonly kind: "send"; readonly plan: SendPlan } | { readonly kind: "ack" };

/**
 * Takes frames whose head is known: SEND to the same place with the same headers, and ACK, which differ in length,
 * receipt and identifier from those before. Nothing is made of such a frame but the message: no views, headers or
 * strings. Everything else is left to the plain way, from which this differs in nothing but speed.
 */
export class RepeatedFrames {
  readonly #session: Session;
  readonly #heads = new KnownHeads<Meaning>();
  readonly #values = new HeadValues();
  readonly #bodies = new ChunkCopies();
  readonly #token: TokenNumbers = { subscription: 0, delivery: 0 };
  /** Which header of ACK names a delivery. */
  readonly #tokenIndex: number;
  /** The frame before was an ACK. */
  #isInRun = false;
  /** The receipt that the frame under way asks for. */
  receipt: string | undefined;

  constructor(session: Session) {
    this.#session = session;
    this.#tokenIndex = session.tokenHeader === "id" ? varying.id : varying.messageId;
  }

  /**
   * Takes frames up to the first that is not known, or not whole.
   *
   * @throws BrokerError as the command does
   */
  run(splitter: FrameSplitter, nowMs: number): void {
    const bytes = splitter.ahead;
    if (bytes === undefined) return;
    let at = splitter.at;
    let eolCount = 0;
    for (let next = at; next >= 0 && this.#session.isOpen; next = this.#take(bytes, at, nowMs, splitter)) {
      for (at = next; bytes[at] === LF; at++) eolCount++;
    }
    this.#endRun();
    this.#bodies.release();
    splitter.advance(at, eolCount);
  }

  /** A frame was handled the plain way: the next one may be like it. */
  learn(frame: Frame): void {
    const { command, head } = frame;
    if (command === "SEND") this.#heads.learn(head, () => this.#planSend(frame));
    else if (command === "ACK") this.#heads.learn(head, () => this.#planAck(frame));
  }

  /** @returns where the next frame begins; -1 when this one is for the plain way */
  #take(bytes: Buffer, at: number, nowMs: number, { limits }: FrameSplitter): number {
    const values = this.#values;
    const meaning = this.#heads.find(bytes, at, values);
    if (meaning === undefined) return -1;
    const bodyEnd = endOfBody(bytes, values);
    if (bodyEnd < 0 || bodyEnd >= bytes.length || bytes[bodyEnd] !== NUL) return -1;
    if (values.end - at > limits.maxHeadBytes || bodyEnd - values.end > limits.maxBodyBytes) return -1;
    this.receipt = receiptOf(bytes, values);
    const isDone =
      meaning.kind === "ack"
        ? this.#acknowledge(bytes, values)
        : this.#send(meaning.plan, bytes, bodyEnd, nowMs);
    return isDone ? bodyEnd + 1 : -1;
  }

  #send(plan: SendPlan, bytes: Buffer, bodyEnd: number, nowMs: number): boolean {
    if (plan.generation !== this.#session.generation) return false;
    this.#endRun();
    this.#session.sendPlanned(plan, this.#bodies.take(bytes, this.#values.end, bodyEnd), this.receipt, nowMs);
    return true;
  }

  #acknowledge(bytes: Buffer, { starts, ends }: HeadValues): boolean {
    const start = starts[this.#tokenIndex] ?? 0;
    const end = ends[this.#tokenIndex] ?? 0;
    if (end === 0 || !tokenAt(bytes, start, end, this.#token)) return false;
    const { subscription, delivery } = this.#token;
    // A RECEIPT stands behind the deliveries that its ACK lets through.
    if (this.receipt !== undefined) this.#endRun();
    if (this.#isInRun) this.#session.window.hold();
    this.#isInRun = true;
    return this.#session.accept(subscription, delivery, this.receipt);
  }

  /**
   * The ACKs of a run let as many deliveries through when they are over. One by one, each would let one through and
   * its consumer wait again: that took a fifth of a message's time.
   */
  #endRun(): void {
    if (!this.#isInRun) return;
    this.#isInRun = false;
    this.#session.window.letGo();
  }

  #planSend(frame: Frame): Meaning | undefined {
    const plan = this.#session.planSend(frame);
    return plan && { kind: "send", plan };
  }

  #planAck({ headers }: Frame): Meaning | undefined {
    return headers.some(([name]) => name === "transaction") ? undefined : { kind: "ack" };
  }
}

/** Where the NUL should be; -1 when it is not known. */
function endOfBody(bytes: Buffer, { starts, ends, end }: HeadValues): number {
  const lengthEnd = ends[varying.contentLength] ?? 0;
  if (lengthEnd === 0) return bytes.indexOf(NUL, end);
  const length = numberAt(bytes, starts[varying.contentLength] ?? 0, lengthEnd);
  return length < 0 ? -1 : end + length;
}

function receiptOf(bytes: Buffer, { starts, ends }: HeadValues): string | undefined {
  const end = ends[varying.receipt] ?? 0;
  return end === 0 ? undefined : bytes.toString("latin1", starts[varying.receipt] ?? 0, end);
}
