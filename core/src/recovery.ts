import type { Destination } from "./binding.ts";
import type { Engine } from "./engine.ts";
import type { BindingRecord } from "./binding-record.ts";
import { unreadable } from "./unreadable.ts";
import type { VirtualHost } from "./virtual-host.ts";

/** Builds a virtual host again from what the engine kept, in the order in which things refer to each other. */
export class Recovery {
  readonly #host: VirtualHost;
  readonly #engine: Engine;

  constructor(host: VirtualHost, engine: Engine) {
    this.#host = host;
    this.#engine = engine;
  }

  async run(): Promise<void> {
    await this.#topology();
    await this.#messages();
    await this.#retained();
    await this.#sessions();
    await this.#host.delayed.recover();
  }

  async #topology(): Promise<void> {
    const { topology } = this.#host;
    const { store } = topology;
    for await (const records of store.exchanges()) {
      for (const { name, options } of records) topology.declareExchange(name, options);
    }
    for await (const records of store.queues()) {
      for (const { name, options } of records) topology.declareQueue(name, options, undefined);
    }
    for await (const records of store.bindings()) this.#bind(records);
  }

  #bind(records: readonly BindingRecord[]): void {
    const { topology } = this.#host;
    let named: BindingRecord["destination"] | undefined;
    let to: Destination | undefined;
    for (const { source, destination, spec } of records) {
      // The same object for those that lead to the same end.
      if (destination !== named) to = this.#destination((named = destination));
      const from = topology.exchanges.get(source);
      if (from !== undefined && to !== undefined) topology.bind(from, to, spec);
    }
  }

  #destination({ kind, name }: BindingRecord["destination"]): Destination | undefined {
    const { exchanges, queues } = this.#host.topology;
    if (kind === "queue") {
      const queue = queues.get(name);
      return queue && { kind, queue };
    }
    const exchange = exchanges.get(name);
    return exchange && { kind, exchange };
  }

  async #messages(): Promise<void> {
    const { queues } = this.#host.topology;
    for (const queue of queues.values()) await queue.recover();
    // Not before all know where they stand: what expires in one is dead-lettered to another.
    for (const queue of queues.values()) queue.resume();
  }

  async #retained(): Promise<void> {
    const { retained } = this.#host;
    const { metadata } = this.#engine;
    for await (const names of metadata.names("retained", this.#prefix)) {
      for (const name of names) retained.restore(name.slice(this.#prefix.length));
    }
  }

  async #sessions(): Promise<void> {
    const { sessions, topology } = this.#host;
    const { metadata } = this.#engine;
    const begin = this.#prefix.length;
    for await (const records of metadata.load("session", this.#prefix)) {
      for (const { name, value } of records) {
        try {
          sessions.restore(name.slice(begin), value, (queue) => topology.queues.get(queue));
        } catch (cause) {
          throw unreadable("session", name, cause);
        }
      }
    }
    for await (const names of metadata.names("seen", this.#prefix)) {
      for (const name of names) {
        const end = name.lastIndexOf("\0");
        sessions.restoreReceived(name.slice(begin, end), Number(name.slice(end + 1)));
      }
    }
    for await (const records of metadata.load("sent", this.#prefix)) {
      for (const { name, value } of records) {
        const end = name.lastIndexOf("\0");
        sessions.restoreSent(name.slice(begin, end), Number(name.slice(end + 1)), value);
      }
    }
  }

  /** Of the names of this virtual host's records. */
  get #prefix(): string {
    return `${this.#host.name}\0`;
  }
}
