import {
  BrokerError,
  type LogEntry,
  type LogRange,
  type LogRead,
  type Message,
  type QueueLog,
} from "@dragoman/core";
import type { EntryHead } from "./entry-record.ts";
import { bodyKey, entryKey, MAX_POSITION, positionOf } from "./keys.ts";
import type { Journal } from "./journal.ts";
import { Lane } from "./lane.ts";
import type { ReadTurns } from "./read-turns.ts";
import { reasonOf } from "./reason.ts";
import { liveEntries, runsBetween } from "./runs.ts";
import type { Tables } from "./store.ts";
import type { Sweeper } from "./sweeper.ts";

/** The engine's side of a queue's log. */
export interface QueueLogHost {
  readonly journal: Journal;
  readonly sweeper: Sweeper;
  readonly turns: ReadTurns;
  readonly tables: Tables;
  /** A number for a queue that stores something for the first time. */
  numberOf(queue: string): number;
  dropped(queue: string): void;
}

/** The entries of one queue in the tables and on the way there. */
export class LmdbQueueLog implements QueueLog {
  readonly #name: string;
  readonly #host: QueueLogHost;
  #number: number | undefined;
  readonly #lanes = new Map<number, Lane>();

  constructor(
    name: string,
    host: QueueLogHost,
    stored: { number: number; lanes: readonly Lane[] } | undefined,
  ) {
    this.#name = name;
    this.#host = host;
    this.#number = stored?.number;
    for (const lane of stored?.lanes ?? []) this.#lanes.set(lane.number, lane);
  }

  append(entry: LogEntry): void {
    const lane = this.#lanes.get(entry.lane) ?? this.#addLane(entry.lane);
    lane.append(this.#host.journal.changesOf(lane), entry);
  }

  remove(entry: LogEntry): void {
    const lane = this.#lanes.get(entry.lane);
    if (lane !== undefined) lane.remove(this.#host.journal.changesOf(lane), entry);
  }

  mark(entry: LogEntry): void {
    const lane = this.#lanes.get(entry.lane);
    if (lane !== undefined) lane.mark(this.#host.journal.changesOf(lane), entry);
  }

  removeRange(range: LogRange): void {
    const lane = this.#lanes.get(range.lane);
    if (lane === undefined) return;
    lane.removeRange(this.#host.journal.changesOf(lane), range);
    this.#host.sweeper.add(lane, range);
  }

  lanes(): Promise<readonly LogRange[]> {
    const ranges = [...this.#lanes.values()].map(({ number, last, count, byteCount }) => ({
      lane: number,
      first: 1,
      last,
      count,
      byteCount,
    }));
    return Promise.resolve(ranges);
  }

  read(request: LogRead): Promise<readonly LogEntry[]> {
    const lane = this.#lanes.get(request.lane);
    if (lane === undefined) return Promise.resolve([]);
    return this.#host.turns.next(
      () => this.#read(lane, request),
      ({ length }) => length,
    );
  }

  drop(): void {
    for (const lane of this.#lanes.values()) {
      lane.drop(this.#host.journal.changesOf(lane));
      this.#host.sweeper.add(lane, { first: 0, last: MAX_POSITION });
    }
    this.#lanes.clear();
    this.#host.dropped(this.#name);
  }

  /** @throws BrokerError "unavailable" when something that is stored cannot be read */
  #read(lane: Lane, request: LogRead): LogEntry[] {
    try {
      return readLane(this.#host.tables, lane, request);
    } catch (cause) {
      const what = `a message of queue '${this.#name.replaceAll("\0", " ")}' from ${request.from} on`;
      throw new BrokerError("unavailable", `${what} cannot be read: ${reasonOf(cause)}`, { cause });
    }
  }

  #addLane(number: number): Lane {
    this.#number ??= this.#host.numberOf(this.#name);
    const lane = new Lane(this.#number, number, { last: 0, count: 0, byteCount: 0 });
    this.#lanes.set(number, lane);
    return lane;
  }
}

function readLane(tables: Tables, lane: Lane, request: LogRead): LogEntry[] {
  const { from, maxEntries, maxBytes } = request;
  const found: LogEntry[] = [];
  let bytes = 0;
  let next = from;
  const add = (entry: LogEntry): boolean => {
    found.push(entry);
    bytes += entry.message.memoryBytes;
    return found.length < maxEntries && bytes < maxBytes;
  };
  const marks = new Marks(tables, lane, from);
  const { hasGone } = lane;
  try {
    for (const { run, value } of runsBetween(tables, lane, from, MAX_POSITION)) {
      for (const head of liveEntries(tables, run, value)) {
        const { position } = head;
        if (position < from || (hasGone && lane.isGone(position))) continue;
        const deliveryCount = lane.pendingCount(position) ?? marks.of(position);
        if (!add(readEntry(tables, request, head, deliveryCount))) return found;
      }
      next = Math.max(next, run.last + 1);
    }
  } finally {
    marks.close();
  }
  for (const entry of lane.pendingFrom(next)) if (!add(entry)) break;
  return found;
}

function readEntry(tables: Tables, request: LogRead, head: EntryHead, deliveryCount: number): LogEntry {
  const { position, expiresAtMs, via, reference } = head;
  const message =
    reference === 0
      ? request.decode(head.bytes, head.start, head.end)
      : readShared(tables, request, reference);
  return { lane: request.lane, position, message, via, expiresAtMs, deliveryCount, reference };
}

function readShared(tables: Tables, request: LogRead, reference: number): Message {
  const record = tables.bodies.get(bodyKey(reference));
  if (record === undefined) throw new Error(`an entry refers to message ${reference}, which is not stored`);
  return request.decode(record, 0, record.length);
}

/** The delivery counts of a lane, for positions asked for in order; most have none. */
class Marks {
  readonly #marks: Iterator<{ key: Buffer; value: Buffer }>;
  #next: { readonly position: number; readonly deliveryCount: number } | undefined;

  constructor(tables: Tables, { queue, number }: Lane, from: number) {
    const start = entryKey(queue, number, from);
    const end = entryKey(queue, number, MAX_POSITION);
    this.#marks = tables.marks.getRange({ start, end, inclusiveEnd: true })[Symbol.iterator]();
    this.#advance();
  }

  of(position: number): number {
    while (this.#next !== undefined && this.#next.position < position) this.#advance();
    return this.#next?.position === position ? this.#next.deliveryCount : 0;
  }

  close(): void {
    this.#marks.return?.();
  }

  #advance(): void {
    const { done, value } = this.#marks.next();
    this.#next =
      done === true
        ? undefined
        : { position: positionOf(value.key), deliveryCount: value.value.readUInt32BE(0) };
  }
}
