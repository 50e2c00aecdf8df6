import type { Binding, Lead } from "./binding.ts";
import type { Matcher } from "./exchange.ts";
import type { Topic } from "./topic.ts";
import type { Headers } from "./value.ts";

/** Selects bindings whose key equals the routing key. AMQP 0-9-1 §3.1.3.1 */
export class DirectMatcher implements Matcher {
  readonly isCacheable = true;
  readonly #byKey = new Map<string, Set<Binding>>();

  add(binding: Binding): void {
    const { key } = binding.spec;
    const same = this.#byKey.get(key);
    if (same === undefined) this.#byKey.set(key, new Set([binding]));
    else same.add(binding);
  }

  remove(binding: Binding): void {
    const { key } = binding.spec;
    const same = this.#byKey.get(key);
    same?.delete(binding);
    if (same?.size === 0) this.#byKey.delete(key);
  }

  match(topic: Topic, _headers: () => Headers, found: (lead: Lead) => void): void {
    this.#byKey.get(topic.key)?.forEach((binding) => found(binding));
  }
}
