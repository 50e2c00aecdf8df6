import type { Binding, Lead } from "./binding.ts";
import type { Matcher } from "./exchange.ts";
import { PatternIndex } from "./pattern-index.ts";
import type { Topic } from "./topic.ts";
import type { Headers } from "./value.ts";

/** Selects bindings whose pattern selects the topic's levels. AMQP 0-9-1 §3.1.3.3, MQTT 5.0 §4.7 */
export class TopicMatcher implements Matcher {
  readonly isCacheable = true;
  readonly #index = new PatternIndex<Binding>();

  add(binding: Binding): void {
    this.#index.add(binding.pattern, binding);
  }

  remove(binding: Binding): void {
    this.#index.remove(binding.pattern, binding);
  }

  match(topic: Topic, _headers: () => Headers, found: (lead: Lead) => void): void {
    this.#index.match(topic, found);
  }
}
