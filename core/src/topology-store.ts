import { type Binding, bindingId } from "./binding.ts";
import { type BindingRecord, BindingDecoder, encodeBinding, namedDestination } from "./binding-record.ts";
import type { MetadataStore } from "./engine.ts";
import type { Exchange, ExchangeOptions } from "./exchange.ts";
import type { Queue } from "./queue.ts";
import { differingQueueOption, type QueueOptions } from "./queue-options.ts";
import { decodeRecord, encodeRecord } from "./record.ts";
import { unreadable } from "./unreadable.ts";

export interface ExchangeRecord {
  readonly name: string;
  readonly options: ExchangeOptions;
}

export interface QueueRecord {
  readonly name: string;
  readonly options: QueueOptions;
}

/** Writes the durable part of one virtual host's topology down, and reads it back. */
export class TopologyStore {
  readonly #metadata: MetadataStore;
  readonly #prefix: string;

  /** What is declared while records are read comes from them, and need not be written again. */
  #isReading = false;

  constructor(virtualHost: string, metadata: MetadataStore) {
    this.#metadata = metadata;
    this.#prefix = `${virtualHost}\0`;
  }

  putExchange({ name, options }: Exchange): void {
    if (this.#isReading) return;
    this.#metadata.put("exchange", this.#prefix + name, encodeRecord({ name, options }));
  }

  deleteExchange({ name }: Exchange): void {
    this.#metadata.delete("exchange", this.#prefix + name);
  }

  putQueue({ name, options }: Queue): void {
    if (this.#isReading) return;
    this.#metadata.put("queue", this.#prefix + name, encodeRecord({ name, options }));
  }

  deleteQueue({ name }: Queue): void {
    this.#metadata.delete("queue", this.#prefix + name);
  }

  putBinding(binding: Binding): void {
    if (this.#isReading) return;
    this.#metadata.put("binding", this.#bindingKey(binding), encodeBinding(binding));
  }

  deleteBinding(binding: Binding): void {
    this.#metadata.delete("binding", this.#bindingKey(binding));
  }

  exchanges(): AsyncGenerator<readonly ExchangeRecord[], void> {
    return this.#load("exchange", (bytes) => decodeRecord<ExchangeRecord>(bytes));
  }

  async *queues(): AsyncGenerator<readonly QueueRecord[], void> {
    let latest: QueueOptions | undefined;
    const decode = (bytes: Uint8Array): QueueRecord => {
      const { name, options } = decodeRecord<QueueRecord>(bytes);
      // Queues of sessions are all alike: there is no need for a hundred thousand objects that say the same.
      if (latest === undefined || differingQueueOption(latest, options) !== undefined) latest = options;
      return { name, options: latest };
    };
    yield* this.#load("queue", decode);
  }

  bindings(): AsyncGenerator<readonly BindingRecord[], void> {
    const decoder = new BindingDecoder();
    return this.#load("binding", (record) => decoder.decode(record));
  }

  async *#load<T>(
    collection: "exchange" | "queue" | "binding",
    decode: (bytes: Uint8Array) => T,
  ): AsyncGenerator<readonly T[], void> {
    this.#isReading = true;
    try {
      for await (const records of this.#metadata.load(collection, this.#prefix)) {
        yield records.map((record) => {
          try {
            return decode(record.value);
          } catch (cause) {
            throw unreadable(collection, record.name, cause);
          }
        });
      }
    } finally {
      this.#isReading = false;
    }
  }

  #bindingKey(binding: Binding): string {
    const { source, destination, spec, pattern } = binding;
    const { kind, name } = namedDestination(destination);
    return this.#prefix + JSON.stringify([source.name, kind, name, bindingId(spec, pattern)]);
  }
}
