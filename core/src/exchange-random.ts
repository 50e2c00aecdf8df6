import type { Binding, Lead } from "./binding.ts";
import type { Matcher } from "./exchange.ts";
import type { Topic } from "./topic.ts";
import type { Headers } from "./value.ts";

/** Selects one of its bindings by chance, each as likely as another. */
export class RandomMatcher implements Matcher {
  readonly isCacheable = false;
  readonly #bindings: Binding[] = [];

  add(binding: Binding): void {
    this.#bindings.push(binding);
  }

  remove(binding: Binding): void {
    const index = this.#bindings.indexOf(binding);
    if (index !== -1) this.#bindings.splice(index, 1);
  }

  match(_topic: Topic, _headers: () => Headers, found: (lead: Lead) => void): void {
    const chosen = this.#bindings[Math.floor(Math.random() * this.#bindings.length)];
    if (chosen !== undefined) found(chosen);
  }
}
