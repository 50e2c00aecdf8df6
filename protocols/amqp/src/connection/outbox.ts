import { ByteWriter, type Transport, Window } from "@dragoman/core";
import { writeContent } from "../codec/content.ts";
import type { DeliverTemplate } from "../codec/deliver-template.ts";
import { HEARTBEAT } from "../codec/heartbeat.ts";
import { writeMethod } from "../codec/method.ts";
import type { ServerMethod } from "../codec/methods/methods.generated.ts";

/** Sent without waiting for the end of the turn, so that a burst does not grow the batch without bound. */
const BATCH_BYTES = 64 * 1024;

/** Room for messages of the usual size behind a batch that is full. */
const SPARE_BYTES = 512;

/** A peer with more unsent bytes than this gets no more deliveries until it has read them. */
const HIGH_WATER_BYTES = 256 * 1024;

/** Writes frames that it held back: acknowledgements that may still be joined by others. */
export interface HeldBack {
  writeHeldBack(): void;
}

/**
 * What leaves by one connection: frames gather in one batch, which goes out when the current turn's work
 * is done.
 */
export class Outbox {
  /** Closed while the peer does not read: every consumer of the connection is fed through it. */
  readonly window: Window = new Window();
  readonly #transport: Transport;
  #writer = new ByteWriter();
  #isScheduled = false;
  #holders = new Set<HeldBack>();
  /** Whole frame's limit, in bytes, that the peer agreed to; 0 for none. */
  frameMax = 0;
  /** Something was sent since the flag was last taken back; heartbeats need to know. */
  hasSent = false;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Bytes that the peer has not taken yet. */
  get waitingBytes(): number {
    return this.#writer.length + this.#transport.bufferedBytes;
  }

  method(channel: number, method: ServerMethod): void {
    writeMethod(this.#writer, channel, method);
    this.#schedule();
  }

  /** A method with its content. */
  content(channel: number, method: ServerMethod, properties: Uint8Array, body: Uint8Array): void {
    writeMethod(this.#writer, channel, method);
    writeContent(this.#writer, channel, properties, body, this.frameMax);
    this.#schedule();
  }

  /** A first delivery, by its consumer's template. */
  delivery(template: DeliverTemplate, deliveryTag: number, properties: Uint8Array, body: Uint8Array): void {
    template.write(this.#writer, deliveryTag, properties, body, this.frameMax);
    this.#schedule();
  }

  heartbeat(): void {
    this.#writer.bytes(HEARTBEAT);
    this.#schedule();
  }

  /** Bytes that are no frame: the protocol header. */
  raw(bytes: Uint8Array): void {
    this.#writer.bytes(bytes);
    this.#schedule();
  }

  /** `holder` has something to write before this batch goes out. */
  hold(holder: HeldBack): void {
    this.#holders.add(holder);
    this.#schedule();
  }

  /** Sends what has gathered. */
  flush(): void {
    for (const holder of this.#holders) holder.writeHeldBack();
    this.#holders.clear();
    if (this.#writer.length === 0) return;
    const batch = this.#writer.finish();
    // The next batch is probably about as large as this one; what grows beyond is copied.
    this.#writer = new ByteWriter(Math.min(batch.length + SPARE_BYTES, BATCH_BYTES + 4 * SPARE_BYTES));
    this.hasSent = true;
    this.#transport.send(batch);
    if (this.#transport.bufferedBytes > HIGH_WATER_BYTES) this.window.pause();
  }

  /** The transport has taken everything. */
  drained(): void {
    this.window.resume();
  }

  #schedule(): void {
    if (this.#writer.length >= BATCH_BYTES) this.flush();
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.flush();
    });
  }
}
