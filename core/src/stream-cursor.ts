import type { Consumer, StreamStart } from "./consumer.ts";
import { Deque } from "./deque.ts";
import type { LogEntry } from "./engine.ts";
import type { StreamEntries } from "./stream-entries.ts";
import type { WindowWaiter } from "./window.ts";

/** The stream's side of a cursor, as far as the cursor may know it. */
export interface CursorOwner {
  deliver(entry: LogEntry, consumer: Consumer): void;
  /** What it waited for is there: the window is open, or entries were read from the log. */
  cursorReady(cursor: StreamCursor): void;
}

/** How far one consumer has come in a stream. */
export class StreamCursor implements WindowWaiter {
  readonly consumer: Consumer;
  readonly #entries: StreamEntries;
  readonly #owner: CursorOwner;
  /** Read from the log and not delivered yet. */
  readonly #ahead = new Deque<LogEntry>();
  #next: number;
  /** Messages that came before this time are passed over. */
  #fromMs: number;
  #isReading = false;
  #isServing = false;

  constructor(consumer: Consumer, entries: StreamEntries, owner: CursorOwner) {
    const { start = { from: "next" } } = consumer.options;
    this.consumer = consumer;
    this.#entries = entries;
    this.#owner = owner;
    this.#next = positionOf(start, entries);
    this.#fromMs = start.from === "time" ? start.atMs : -Infinity;
  }

  get priority(): number {
    return this.consumer.options.priority;
  }

  windowOpened(): void {
    this.#owner.cursorReady(this);
  }

  /** It waits for the window no more. */
  leaveWindow(): void {
    this.consumer.options.window?.forget(this);
  }

  /** It has seen everything that there is. */
  get isAtEnd(): boolean {
    return this.#next > this.#entries.last;
  }

  /** Delivers until the consumer's window is closed, the end is reached, or the log must be read. */
  serve(): void {
    if (this.#isServing) return;
    this.#isServing = true;
    while (this.#deliverNext()) {
      // Each round passes one entry.
    }
    this.#isServing = false;
  }

  #deliverNext(): boolean {
    const { consumer } = this;
    if (consumer.isCancelled) return false;
    const { window } = consumer.options;
    if (window?.isOpen === false) {
      window.await(this);
      return false;
    }
    const entry = this.#take();
    if (entry === undefined) return false;
    this.#next = entry.position + 1;
    if (this.#wants(entry)) this.#owner.deliver(entry, consumer);
    return true;
  }

  #wants({ message }: LogEntry): boolean {
    if (message.receivedAtMs < this.#fromMs) return false;
    // Once one came late enough, those behind it are all wanted, whatever the clock did.
    this.#fromMs = -Infinity;
    return this.consumer.options.wants?.(message) ?? true;
  }

  #take(): LogEntry | undefined {
    const read = this.#ahead.shift();
    if (read !== undefined) return read;
    this.#next = Math.max(this.#next, this.#entries.first);
    if (this.isAtEnd) return undefined;
    const entry = this.#entries.at(this.#next);
    // A read that fails is not caught: a broker that cannot read its own log must not go on as if it could.
    if (entry === undefined && !this.#isReading) void this.#readAhead();
    return entry;
  }

  async #readAhead(): Promise<void> {
    this.#isReading = true;
    const entries = await this.#entries.read(this.#next);
    this.#isReading = false;
    if (this.consumer.isCancelled) return;
    for (const entry of entries) this.#ahead.push(entry);
    // Nothing is there when it all went meanwhile, or will never come back: it is passed over.
    if (entries.length === 0) this.#next = Math.max(this.#next + 1, this.#entries.first);
    this.#owner.cursorReady(this);
  }
}

function positionOf(start: StreamStart, entries: StreamEntries): number {
  const { first, last } = entries;
  switch (start.from) {
    case "first":
      return first;
    case "last":
      return Math.max(first, last);
    case "next":
      return last + 1;
    case "offset":
      return Math.min(Math.max(first, start.offset + 1), last + 1);
    case "time":
      return entries.positionAt(start.atMs);
  }
}
