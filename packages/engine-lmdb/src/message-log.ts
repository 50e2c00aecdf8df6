import type { MessageLog, QueueLog } from "@dragoman/core";
import { decodeLane } from "./entry-record.ts";
import type { Journal } from "./journal.ts";
import { Lane } from "./lane.ts";
import { namesOf } from "./metadata.ts";
import { LmdbQueueLog, type QueueLogHost } from "./queue-log.ts";
import type { ReadTurns } from "./read-turns.ts";
import type { Tables } from "./store.ts";
import type { Sweeper } from "./sweeper.ts";

/** The kind of name under which the numbers of queues' logs are. */
export const LOG_KIND = "log";

/** The logs of all queues. */
export class LmdbMessageLog implements MessageLog, QueueLogHost {
  readonly journal: Journal;
  readonly sweeper: Sweeper;
  readonly turns: ReadTurns;
  readonly #tables: () => Tables;
  readonly #logs = new Map<string, LmdbQueueLog>();
  #lastNumber = 0;

  constructor(journal: Journal, sweeper: Sweeper, turns: ReadTurns, tables: () => Tables) {
    this.journal = journal;
    this.sweeper = sweeper;
    this.turns = turns;
    this.#tables = tables;
  }

  get tables(): Tables {
    return this.#tables();
  }

  /** Finds what a former process left, without reading a message. */
  load(): void {
    const lanes = new Map<number, Lane[]>();
    for (const { key, value } of this.tables.lanes.getRange({ start: Buffer.of(0) })) {
      const lane = new Lane(key.readUInt32BE(0), key.readUInt8(4), decodeLane(value));
      const known = lanes.get(lane.queue);
      if (known === undefined) lanes.set(lane.queue, [lane]);
      else known.push(lane);
    }
    const laneOf = (queue: number, number: number): Lane | undefined =>
      lanes.get(queue)?.find((lane) => lane.number === number);
    this.#lastNumber = this.sweeper.load(this.tables, laneOf);
    for (const [name, value] of namesOf(this.tables, LOG_KIND)) {
      const number = value.readUInt32BE(0);
      this.#lastNumber = Math.max(this.#lastNumber, number);
      this.#logs.set(name, new LmdbQueueLog(name, this, { number, lanes: lanes.get(number) ?? [] }));
    }
    for (const { key } of this.tables.bodies.getRange({ reverse: true, limit: 1 })) {
      this.journal.nextReference = key.readUIntBE(0, 6) + 1;
    }
  }

  open(queue: string): QueueLog {
    let log = this.#logs.get(queue);
    if (log === undefined) {
      log = new LmdbQueueLog(queue, this, undefined);
      this.#logs.set(queue, log);
    }
    return log;
  }

  numberOf(queue: string): number {
    const number = ++this.#lastNumber;
    const value = Buffer.allocUnsafe(4);
    value.writeUInt32BE(number, 0);
    this.journal.setName({ kind: LOG_KIND, name: queue, value });
    return number;
  }

  dropped(queue: string): void {
    this.#logs.delete(queue);
    this.journal.setName({ kind: LOG_KIND, name: queue, value: undefined });
  }
}
