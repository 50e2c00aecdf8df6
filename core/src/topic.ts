import { GenerationCache } from "./generation-cache.ts";

/** Longer paths are not remembered: they are hardly ever used, and a table full of them would fill the memory. */
const LONGEST_REMEMBERED = 1_024;

/**
 * Where a message goes within an exchange: a list of levels, each any text without "/", also empty, also
 * with "." inside. A topic is the same object for the same levels as long as it is in use, so what is
 * derived from it is computed once; unless it is very long.
 */
export class Topic {
  /** The levels joined by "/": the canonical spelling. Empty when there are no levels. */
  readonly path: string;
  /** No levels for the empty path. */
  readonly levels: readonly string[];
  #key: string | undefined;

  constructor(path: string) {
    this.path = path;
    this.levels = path === "" ? [] : path.split("/");
  }

  /** The routing key: the path with "/" and "." in each other's place, so that levels are joined by ".". */
  get key(): string {
    return (this.#key ??= tradeSeparators(this.path));
  }

  /** Too long to be remembered: the next one alike is another object, so nothing is to be kept by it. */
  get isFleeting(): boolean {
    return this.path.length > LONGEST_REMEMBERED;
  }

  /** Starts with "$": hidden from a pattern that starts with a wildcard and asks for that. */
  get isReserved(): boolean {
    return this.path.startsWith("$");
  }
}

/** The topics in use, found by either spelling. Bounded: a topic that was not used for long is forgotten. */
export class TopicTable {
  readonly #byPath: GenerationCache<string, Topic>;
  readonly #byKey: GenerationCache<string, Topic>;

  /** @param capacity topics remembered at most */
  constructor(capacity: number = 2 ** 18) {
    this.#byPath = new GenerationCache(capacity);
    this.#byKey = new GenerationCache(capacity);
  }

  /** Remembers none. */
  clear(): void {
    this.#byPath.clear();
    this.#byKey.clear();
  }

  /** The topic whose levels are joined by "/". */
  fromPath(path: string): Topic {
    let topic = this.#byPath.get(path);
    if (topic === undefined) {
      topic = new Topic(path);
      if (!topic.isFleeting) this.#byPath.set(path, topic);
    }
    return topic;
  }

  /** The topic whose levels are joined by ".", with "/" standing for a "." inside a level. */
  fromKey(key: string): Topic {
    let topic = this.#byKey.get(key);
    if (topic === undefined) {
      topic = this.fromPath(tradeSeparators(key));
      if (!topic.isFleeting) this.#byKey.set(key, topic);
    }
    return topic;
  }
}

/** Puts "/" for "." and "." for "/": the bijection between a topic's path and its routing key. */
export function tradeSeparators(text: string): string {
  return text.replaceAll(/[./]/g, (separator) => (separator === "." ? "/" : "."));
}
