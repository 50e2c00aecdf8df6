import { BrokerError, type Client, Deque, type PublishOutcome, type Receipts } from "@dragoman/core";
import type { FrameHeader, Version } from "../codec/frame.ts";
import { encodeFrame } from "../codec/frame-encoder.ts";
import { plainReceiptBytes, writePlainReceipt } from "../codec/receipt-frame.ts";
import type { Outbox } from "./outbox.ts";

interface Owed {
  readonly tag: number;
  /** Receipts to send, in order: those of a transaction's frames, then the frame's own. */
  readonly receipts: readonly string[];
  readonly whenSent: (() => void) | undefined;
}

/**
 * The RECEIPTs that wait until the broker has taken responsibility: for SEND, ACK, NACK, COMMIT and DISCONNECT
 * they mean that all of it is on stable storage.
 */
export class ReceiptBook {
  readonly #receipts: Receipts;
  readonly #outbox: Outbox;
  readonly #version: Version;
  readonly #fail: (error: BrokerError, receipt: string | undefined) => void;
  /** In the order of their tags, in which they become due. */
  readonly #owed = new Deque<Owed>();
  #lastTag = 0;

  constructor(
    client: Client,
    outbox: Outbox,
    version: Version,
    fail: (error: BrokerError, receipt: string | undefined) => void,
  ) {
    this.#outbox = outbox;
    this.#version = version;
    this.#fail = fail;
    this.#receipts = client.openReceipts({ accepted: (tag, outcome) => this.#accepted(tag, outcome) });
  }

  /** To be given to the core together with what `owe` returned. */
  get ledger(): Receipts {
    return this.#receipts;
  }

  /**
   * @param whenSent called after the receipts were sent
   * @returns the tag under which the core tells that it is done
   */
  owe(receipts: readonly string[], whenSent?: () => void): number {
    const tag = ++this.#lastTag;
    this.#owed.push({ tag, receipts, whenSent });
    return tag;
  }

  /** Sends a RECEIPT at once. */
  give(receipt: string | undefined, extra: readonly FrameHeader[] = []): void {
    if (receipt === undefined) return;
    const byteCount = extra.length > 0 ? 0 : plainReceiptBytes(receipt);
    if (byteCount > 0) {
      const at = this.#outbox.reserve(byteCount, true);
      writePlainReceipt(receipt, this.#outbox.batch, at);
      return;
    }
    this.#outbox.send(encodeFrame("RECEIPT", [["receipt-id", receipt], ...extra], this.#version), true);
  }

  #accepted(tag: number, outcome: PublishOutcome): void {
    const owed = this.#take(tag);
    // A queue that was full is answered with ERROR where the frame is handled.
    if (owed === undefined || outcome === "overflow") return;
    if (outcome === "unavailable") {
      this.#fail(new BrokerError("unavailable", "the message could not be stored"), owed.receipts.at(-1));
      return;
    }
    const extra: readonly FrameHeader[] = outcome === "unroutable" ? [["routed", "false"]] : [];
    for (const receipt of owed.receipts) this.give(receipt, extra);
    owed.whenSent?.();
  }

  #take(tag: number): Owed | undefined {
    let owed = this.#owed.shift();
    // What was owed for a frame that failed never becomes due.
    while (owed !== undefined && owed.tag < tag) owed = this.#owed.shift();
    return owed;
  }
}
