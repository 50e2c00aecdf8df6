import { Deque } from "./deque.ts";
import type {
  Backplane,
  Collection,
  Engine,
  EngineCapabilities,
  LogEntry,
  LogRange,
  LogRead,
  MessageLog,
  MetadataRecord,
  MetadataStore,
  QueueLog,
} from "./engine.ts";

/** Keeps everything in maps, for tests and for brokers that need nothing after they end. */
export class MemoryEngine implements Engine {
  readonly capabilities: EngineCapabilities = { survivesRestart: false };
  readonly metadata: MetadataStore = new MemoryMetadata();
  readonly log: MessageLog = new MemoryLog();
  readonly backplane: Backplane | undefined = undefined;
  readonly gathering = 1;
  /** What is in memory is as safe as this engine makes it: nothing ever waits. */
  readonly committed = 1;
  readonly unusedBytes = 0;

  onCommit(): void {
    // There are no commits: `committed` is always up to date.
  }

  onFailure(): void {
    // Maps do not fail.
  }

  open(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

class MemoryMetadata implements MetadataStore {
  readonly #collections = new Map<Collection, Map<string, Uint8Array>>();

  async *load(collection: Collection, prefix: string): AsyncGenerator<readonly MetadataRecord[], void> {
    const records = [...this.#of(collection)].map(([name, value]) => ({ name, value }));
    yield records.filter(({ name }) => name.startsWith(prefix));
  }

  async *names(collection: Collection, prefix: string): AsyncGenerator<readonly string[], void> {
    yield [...this.#of(collection).keys()].filter((key) => key.startsWith(prefix));
  }

  get(collection: Collection, key: string): Uint8Array | undefined {
    return this.#of(collection).get(key);
  }

  put(collection: Collection, key: string, value: Uint8Array): void {
    this.#of(collection).set(key, value);
  }

  delete(collection: Collection, key: string): void {
    this.#of(collection).delete(key);
  }

  #of(collection: Collection): Map<string, Uint8Array> {
    let records = this.#collections.get(collection);
    if (records === undefined) this.#collections.set(collection, (records = new Map()));
    return records;
  }
}

class MemoryLog implements MessageLog {
  readonly #queues = new Map<string, MemoryQueueLog>();

  open(queue: string): QueueLog {
    let log = this.#queues.get(queue);
    if (log === undefined) {
      log = new MemoryQueueLog(() => void this.#queues.delete(queue));
      this.#queues.set(queue, log);
    }
    return log;
  }
}

class MemoryQueueLog implements QueueLog {
  readonly #lanes = new Map<number, MemoryLane>();
  readonly #dropped: () => void;

  constructor(dropped: () => void) {
    this.#dropped = dropped;
  }

  append(entry: LogEntry): void {
    let lane = this.#lanes.get(entry.lane);
    if (lane === undefined) this.#lanes.set(entry.lane, (lane = new MemoryLane()));
    lane.append(entry);
  }

  remove({ lane, position }: LogEntry): void {
    this.#lanes.get(lane)?.remove(position);
  }

  mark(entry: LogEntry): void {
    this.#lanes.get(entry.lane)?.mark(entry);
  }

  removeRange({ lane, first, last }: LogRange): void {
    this.#lanes.get(lane)?.removeRange(first, last);
  }

  lanes(): Promise<readonly LogRange[]> {
    return Promise.resolve([...this.#lanes].map(([lane, entries]) => ({ lane, ...entries.extent() })));
  }

  read(request: LogRead): Promise<readonly LogEntry[]> {
    return Promise.resolve(this.#lanes.get(request.lane)?.read(request) ?? []);
  }

  drop(): void {
    this.#lanes.clear();
    this.#dropped();
  }
}

/** Entries by position; those that were removed leave the order when they get to its head. */
class MemoryLane {
  readonly #entries = new Map<number, LogEntry>();
  readonly #order = new Deque<number>();
  #last = 0;

  append(entry: LogEntry): void {
    this.#entries.set(entry.position, entry);
    this.#order.push(entry.position);
    this.#last = entry.position;
  }

  remove(position: number): void {
    this.#entries.delete(position);
    this.#trim();
  }

  mark(entry: LogEntry): void {
    if (this.#entries.has(entry.position)) this.#entries.set(entry.position, entry);
  }

  removeRange(first: number, last: number): void {
    for (let at = this.#indexOf(first); ; at++) {
      const position = this.#order.at(at);
      if (position === undefined || position > last) break;
      this.#entries.delete(position);
    }
    this.#trim();
  }

  extent(): Omit<LogRange, "lane"> {
    let byteCount = 0;
    for (const { message } of this.#entries.values()) byteCount += message.byteCount;
    const first = this.#order.first() ?? 0;
    return { first, last: this.#last, count: this.#entries.size, byteCount };
  }

  read({ from, maxEntries, maxBytes }: LogRead): LogEntry[] {
    const found: LogEntry[] = [];
    let bytes = 0;
    for (let at = this.#indexOf(from); found.length < maxEntries && bytes < maxBytes; at++) {
      const position = this.#order.at(at);
      if (position === undefined) break;
      const entry = this.#entries.get(position);
      if (entry === undefined) continue;
      found.push(entry);
      bytes += entry.message.memoryBytes;
    }
    return found;
  }

  #trim(): void {
    for (let head = this.#order.first(); head !== undefined; head = this.#order.first()) {
      if (this.#entries.has(head)) return;
      this.#order.shift();
    }
  }

  /** The index in the order of the first position that is not smaller. */
  #indexOf(wanted: number): number {
    let low = 0;
    let high = this.#order.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#order.at(middle) ?? Number.POSITIVE_INFINITY) < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
