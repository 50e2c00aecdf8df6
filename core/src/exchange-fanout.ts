import type { Binding, Lead } from "./binding.ts";
import type { Matcher } from "./exchange.ts";
import type { Topic } from "./topic.ts";
import type { Headers } from "./value.ts";

/** Selects every binding. AMQP 0-9-1 §3.1.3.2 */
export class FanoutMatcher implements Matcher {
  readonly isCacheable = true;
  readonly #bindings = new Set<Binding>();

  add(binding: Binding): void {
    this.#bindings.add(binding);
  }

  remove(binding: Binding): void {
    this.#bindings.delete(binding);
  }

  match(_topic: Topic, _headers: () => Headers, found: (lead: Lead) => void): void {
    this.#bindings.forEach((binding) => found(binding));
  }
}
