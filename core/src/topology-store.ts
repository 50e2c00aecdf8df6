import type { Binding, BindingSpec } from "./binding.ts";
import type { MetadataStore } from "./engine.ts";
import type { Exchange, ExchangeOptions } from "./exchange.ts";
import { makePattern, MANY, ONE, type Pattern } from "./pattern.ts";
import type { Queue } from "./queue.ts";
import type { QueueOptions } from "./queue-options.ts";
import { decodeRecord, encodeRecord } from "./record.ts";

export interface ExchangeRecord {
  readonly name: string;
  readonly options: ExchangeOptions;
}

export interface QueueRecord {
  readonly name: string;
  readonly options: QueueOptions;
}

export interface BindingRecord {
  readonly source: string;
  readonly destination: { readonly kind: "queue" | "exchange"; readonly name: string };
  readonly spec: BindingSpec;
}

/** Levels as they are stored: 1 stands for one level, 2 for any number. */
type StoredPattern = { readonly levels: readonly (string | 1 | 2)[]; readonly hidesReserved: boolean };

interface StoredBinding extends Omit<BindingRecord, "spec"> {
  readonly spec: Omit<BindingSpec, "pattern"> & { readonly pattern?: StoredPattern | undefined };
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
    const { pattern, ...spec } = binding.spec;
    const record: StoredBinding = {
      source: binding.source.name,
      destination: namedDestination(binding),
      spec: { ...spec, pattern: pattern && toStored(pattern) },
    };
    this.#metadata.put("binding", this.#bindingKey(binding), encodeRecord(record));
  }

  deleteBinding(binding: Binding): void {
    this.#metadata.delete("binding", this.#bindingKey(binding));
  }

  exchanges(): AsyncGenerator<ExchangeRecord, void> {
    return this.#load("exchange", (bytes) => decodeRecord<ExchangeRecord>(bytes));
  }

  queues(): AsyncGenerator<QueueRecord, void> {
    return this.#load("queue", (bytes) => decodeRecord<QueueRecord>(bytes));
  }

  bindings(): AsyncGenerator<BindingRecord, void> {
    return this.#load("binding", (bytes) => {
      const { spec, ...ends } = decodeRecord<StoredBinding>(bytes);
      return { ...ends, spec: { ...spec, pattern: spec.pattern && fromStored(spec.pattern) } };
    });
  }

  async *#load<T>(
    collection: "exchange" | "queue" | "binding",
    decode: (bytes: Uint8Array) => T,
  ): AsyncGenerator<T, void> {
    this.#isReading = true;
    try {
      for await (const records of this.#metadata.load(collection, this.#prefix)) {
        for (const [, bytes] of records) yield decode(bytes);
      }
    } finally {
      this.#isReading = false;
    }
  }

  #bindingKey(binding: Binding): string {
    const { kind, name } = namedDestination(binding);
    return this.#prefix + JSON.stringify([binding.source.name, kind, name, binding.id]);
  }
}

function namedDestination({ destination }: Binding): BindingRecord["destination"] {
  switch (destination.kind) {
    case "queue":
      return { kind: "queue", name: destination.queue.name };
    case "exchange":
      return { kind: "exchange", name: destination.exchange.name };
    case "subscriber":
      throw new Error("a live subscriber is never stored");
  }
}

function toStored({ levels, hidesReserved }: Pattern): StoredPattern {
  return {
    levels: levels.map((level) => (typeof level === "string" ? level : level === ONE ? 1 : 2)),
    hidesReserved,
  };
}

function fromStored({ levels, hidesReserved }: StoredPattern): Pattern {
  return makePattern(
    levels.map((level) => (typeof level === "string" ? level : level === 1 ? ONE : MANY)),
    hidesReserved,
  );
}
