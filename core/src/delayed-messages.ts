import type { LogEntry, LogRead, QueueLog } from "./engine.ts";
import type { Message } from "./message.ts";
import type { Timers } from "./timers.ts";

/** The virtual host's side of delayed messages, as far as they may know it. */
export interface DelayHost {
  readonly timers: Timers;
  decodeMessage(bytes: Uint8Array, start: number, end: number): Message;
  /** Routes a message whose time has come. */
  release(message: Message): void;
}

/** Its name in the log begins like no queue's name can. */
export const DELAYED_LOG = "\0delayed";

const READ_ENTRIES = 1_024;
const READ_BYTES = 2 ** 20;

/**
 * Messages that are not to be routed yet. Durable ones are in the engine's log meanwhile; they leave it in
 * the batch that holds what their routing stores.
 */
export class DelayedMessages {
  readonly #host: DelayHost;
  readonly #log: QueueLog;
  #lastPosition = 0;
  #count = 0;
  #byteCount = 0;

  constructor(host: DelayHost, log: QueueLog) {
    this.#host = host;
    this.#log = log;
  }

  /** Messages that wait for their time. */
  get count(): number {
    return this.#count;
  }

  /** Bytes of bodies that wait. */
  get byteCount(): number {
    return this.#byteCount;
  }

  /** True when the message's time has not come. */
  isEarly({ delayMs, receivedAtMs }: Message): boolean {
    return delayMs !== undefined && receivedAtMs + delayMs > this.#host.timers.now();
  }

  /**
   * Keeps the message until its time comes.
   *
   * @returns whether it is in the log
   */
  hold(message: Message): boolean {
    if (!message.durable) {
      this.#schedule(message, () => undefined);
      return false;
    }
    const entry: LogEntry = {
      lane: 0,
      position: ++this.#lastPosition,
      message,
      via: undefined,
      expiresAtMs: undefined,
      deliveryCount: 0,
      reference: 0,
    };
    this.#log.append(entry);
    this.#scheduleStored(entry);
    return true;
  }

  /** Takes back from the log what waits there after a restart; what is overdue is released soon. */
  async recover(): Promise<void> {
    const [range] = await this.#log.lanes();
    if (range === undefined) return;
    this.#lastPosition = range.last;
    const decode: LogRead["decode"] = (bytes, start, end) => this.#host.decodeMessage(bytes, start, end);
    for (let from = range.first; from <= range.last;) {
      const request = { lane: 0, from, maxEntries: READ_ENTRIES, maxBytes: READ_BYTES, decode };
      const entries = await this.#log.read(request);
      for (const entry of entries) this.#scheduleStored(entry);
      from = (entries.at(-1)?.position ?? range.last) + 1;
    }
  }

  #scheduleStored(entry: LogEntry): void {
    this.#schedule(entry.message, () => this.#log.remove(entry));
  }

  #schedule(message: Message, released: () => void): void {
    this.#count++;
    this.#byteCount += message.byteCount;
    this.#host.timers.at(message.receivedAtMs + (message.delayMs ?? 0), () => {
      this.#count--;
      this.#byteCount -= message.byteCount;
      this.#host.release(message);
      released();
    });
  }
}
