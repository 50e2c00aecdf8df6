import type { MetadataStore } from "./engine.ts";
import type { Message } from "./message.ts";
import { encodeMessage } from "./message-record.ts";
import { MANY, matchesPattern, type Pattern } from "./pattern.ts";
import type { Topic } from "./topic.ts";

interface Node {
  message: Message | undefined;
  children: Map<string, Node> | undefined;
}

/** A place of the tree, with the pattern's first `at` levels behind it. */
interface Place {
  readonly node: Node;
  readonly at: number;
}

/** The last message of each topic whose publisher asked to retain it. One for each virtual host. */
export class RetainedStore {
  readonly #metadata: MetadataStore;
  readonly #virtualHost: string;
  readonly #now: () => number;
  readonly #root: Node = { message: undefined, children: undefined };
  #count = 0;

  constructor(virtualHost: string, metadata: MetadataStore, now: () => number) {
    this.#virtualHost = virtualHost;
    this.#metadata = metadata;
    this.#now = now;
  }

  /** Topics that have a retained message; some may have expired without having been looked at since. */
  get count(): number {
    return this.#count;
  }

  /** Keeps the message as its topic's last; an empty body takes the former one away [MQTT-3.3.1-6]. */
  set(message: Message): void {
    if (message.body.length === 0) {
      this.#clear(message.topic);
      return;
    }
    const former = this.restore(message);
    if (message.durable) this.#metadata.put("retained", this.#keyOf(message.topic), encodeMessage(message));
    else if (former?.durable === true) this.#metadata.delete("retained", this.#keyOf(message.topic));
  }

  /** Takes a message back from the engine after a restart. Returns the one that was there before. */
  restore(message: Message): Message | undefined {
    let node = this.#root;
    for (const level of message.topic.levels) {
      const children = (node.children ??= new Map<string, Node>());
      let child = children.get(level);
      if (child === undefined) children.set(level, (child = { message: undefined, children: undefined }));
      node = child;
    }
    const former = node.message;
    if (former === undefined) this.#count++;
    node.message = message;
    return former;
  }

  /** The retained messages of all topics that the pattern selects, oldest first. */
  match(pattern: Pattern): Message[] {
    const found: Message[] = [];
    if (pattern.levels.filter((level) => level === MANY).length > 1) {
      // Several MANYs lead to the same topic on many ways: looking at each topic once is the safe bound.
      for (const message of all(this.#root)) if (matchesPattern(pattern, message.topic)) found.push(message);
    } else {
      this.#walk(pattern, found);
    }
    const nowMs = this.#now();
    for (const message of found) if (message.isExpired(nowMs)) this.#clear(message.topic);
    return found
      .filter((message) => !message.isExpired(nowMs))
      .toSorted((a, b) => a.receivedAtMs - b.receivedAtMs);
  }

  /** With a stack of its own: a topic can have more levels than calls can be nested. */
  #walk(pattern: Pattern, found: Message[]): void {
    const stack: Place[] = [{ node: this.#root, at: 0 }];
    for (let place = stack.pop(); place !== undefined; place = stack.pop()) {
      const { node, at } = place;
      const wanted = pattern.levels[at];
      if (wanted === undefined) {
        if (node.message !== undefined) found.push(node.message);
      } else if (typeof wanted === "string") {
        // Behind a MANY that stands for no level, this is still the first level of the topic.
        const isHidden = at > 0 && this.#isHidden(place, pattern, wanted);
        const child = isHidden ? undefined : node.children?.get(wanted);
        if (child !== undefined) stack.push({ node: child, at: at + 1 });
      } else {
        this.#spread(place, pattern, stack);
      }
    }
  }

  /** A wildcard: all children are next, and for MANY the place itself behind it. */
  #spread(place: Place, pattern: Pattern, stack: Place[]): void {
    const { node, at } = place;
    const isMany = pattern.levels[at] === MANY;
    if (isMany) stack.push({ node, at: at + 1 });
    for (const [level, child] of node.children ?? []) {
      if (!this.#isHidden(place, pattern, level)) stack.push({ node: child, at: isMany ? at : at + 1 });
    }
  }

  /** A reserved topic, which a pattern that begins with a wildcard does not see [MQTT-4.7.2-1]. */
  #isHidden({ node }: Place, { hidesReserved }: Pattern, level: string): boolean {
    return hidesReserved && node === this.#root && level.startsWith("$");
  }

  #clear(topic: Topic): void {
    const path: Node[] = [this.#root];
    for (const level of topic.levels) {
      const child = path.at(-1)?.children?.get(level);
      if (child === undefined) return;
      path.push(child);
    }
    const node = path.at(-1);
    if (node?.message === undefined) return;
    node.message = undefined;
    this.#count--;
    this.#metadata.delete("retained", this.#keyOf(topic));
    for (let depth = topic.levels.length; depth > 0 && isBare(path[depth]); depth--) {
      removeChild(path[depth - 1], topic.levels[depth - 1]);
    }
  }

  #keyOf(topic: Topic): string {
    return `${this.#virtualHost}\0${topic.path}`;
  }
}

function isBare(node: Node | undefined): boolean {
  return node?.message === undefined && node?.children === undefined;
}

function removeChild(parent: Node | undefined, level: string | undefined): void {
  if (parent?.children === undefined || level === undefined) return;
  parent.children.delete(level);
  if (parent.children.size === 0) parent.children = undefined;
}

function* all(root: Node): Generator<Message, void> {
  const stack = [root];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (node.message !== undefined) yield node.message;
    if (node.children !== undefined) for (const child of node.children.values()) stack.push(child);
  }
}
