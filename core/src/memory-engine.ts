import type {
  Backplane,
  Collection,
  Engine,
  EngineCapabilities,
  LogEntry,
  MessageLog,
  MetadataStore,
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

  async *load(collection: Collection): AsyncGenerator<readonly [string, Uint8Array], void> {
    yield* this.#of(collection);
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
  readonly #queues = new Map<string, Map<number, LogEntry>>();

  append(queue: string, entry: LogEntry): void {
    const entries = this.#queues.get(queue);
    if (entries === undefined) this.#queues.set(queue, new Map([[entry.position, entry]]));
    else entries.set(entry.position, entry);
  }

  remove(queue: string, position: number): void {
    this.#queues.get(queue)?.delete(position);
  }

  mark(queue: string, position: number, deliveryCount: number): void {
    const entry = this.#queues.get(queue)?.get(position);
    if (entry !== undefined) this.append(queue, { ...entry, deliveryCount });
  }

  async *read(queue: string, position: number): AsyncGenerator<LogEntry, void> {
    const entries = [...(this.#queues.get(queue)?.values() ?? [])];
    yield* entries.filter((entry) => entry.position >= position).toSorted((a, b) => a.position - b.position);
  }

  drop(queue: string): void {
    this.#queues.delete(queue);
  }
}
