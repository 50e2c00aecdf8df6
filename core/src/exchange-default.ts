import type { Binding, Lead } from "./binding.ts";
import { DirectMatcher } from "./exchange-direct.ts";
import type { Matcher } from "./exchange.ts";
import { patternFromKey } from "./pattern.ts";
import type { Queue } from "./queue.ts";
import type { Topic } from "./topic.ts";
import type { Headers } from "./value.ts";

/** Selects the queue whose name is the routing key: no binding is needed for that. AMQP 0-9-1 §2.1.2.4 */
export class DefaultMatcher implements Matcher {
  readonly isCacheable = true;
  readonly #queues: ReadonlyMap<string, Queue>;
  /** Receivers that have a name like a queue. */
  readonly #bound = new DirectMatcher();

  constructor(queues: ReadonlyMap<string, Queue>) {
    this.#queues = queues;
  }

  add(binding: Binding): void {
    this.#bound.add(binding);
  }

  remove(binding: Binding): void {
    this.#bound.remove(binding);
  }

  match(topic: Topic, headers: () => Headers, found: (lead: Lead) => void): void {
    const { key } = topic;
    const queue = this.#queues.get(key);
    if (queue !== undefined) {
      found({ destination: { kind: "queue", queue }, spec: { key }, pattern: patternFromKey(key) });
    }
    this.#bound.match(topic, headers, found);
  }
}
