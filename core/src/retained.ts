import type { MetadataStore } from "./engine.ts";
import type { Message } from "./message.ts";
import { encodeMessage } from "./message-record.ts";
import { MANY, matchesPattern, type Pattern } from "./pattern.ts";
import type { Topic } from "./topic.ts";

interface Node {
  /** After a restart the record of the message, until somebody asks for it: most are never looked at. */
  content: Message | Uint8Array | undefined;
  children: Map<string, Node> | undefined;
}

/** A place of the tree, with the pattern's first `at` levels behind it. */
interface Place {
  readonly node: Node;
  readonly at: number;
}

/** The virtual host's side of retained messages. */
export interface RetainedHost {
  /** Milliseconds since 1970. */
  now(): number;
  decodeMessage(record: Uint8Array): Message;
}

/** The last message of each topic whose publisher asked to retain it. One for each virtual host. */
export class RetainedStore {
  readonly #metadata: MetadataStore;
  readonly #virtualHost: string;
  readonly #host: RetainedHost;
  readonly #root: Node = { content: undefined, children: undefined };
  #count = 0;

  constructor(virtualHost: string, metadata: MetadataStore, host: RetainedHost) {
    this.#virtualHost = virtualHost;
    this.#metadata = metadata;
    this.#host = host;
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
    const former = this.#put(message.topic.levels, message);
    const wasStored = former instanceof Uint8Array || former?.durable === true;
    if (message.durable) this.#metadata.put("retained", this.#keyOf(message.topic), encodeMessage(message));
    else if (wasStored) this.#metadata.delete("retained", this.#keyOf(message.topic));
  }

  /** Takes the record of a topic's message back from the engine after a restart. It must not change. */
  restore(path: string, record: Uint8Array): void {
    this.#put(path === "" ? [] : path.split("/"), record);
  }

  /** The retained messages of all topics that the pattern selects, oldest first. */
  match(pattern: Pattern): Message[] {
    const found: Message[] = [];
    if (pattern.levels.filter((level) => level === MANY).length > 1) {
      // Several MANYs lead to the same topic on many ways: looking at each topic once is the safe bound.
      for (const node of all(this.#root)) {
        const message = this.#messageOf(node);
        if (message !== undefined && matchesPattern(pattern, message.topic)) found.push(message);
      }
    } else {
      this.#walk(pattern, found);
    }
    const nowMs = this.#host.now();
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
        const message = this.#messageOf(node);
        if (message !== undefined) found.push(message);
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
    if (node?.content === undefined) return;
    node.content = undefined;
    this.#count--;
    this.#metadata.delete("retained", this.#keyOf(topic));
    for (let depth = topic.levels.length; depth > 0 && isBare(path[depth]); depth--) {
      removeChild(path[depth - 1], topic.levels[depth - 1]);
    }
  }

  /** Returns what was there before. */
  #put(levels: readonly string[], content: Message | Uint8Array): Node["content"] {
    let node = this.#root;
    for (const level of levels) {
      const children = (node.children ??= new Map<string, Node>());
      let child = children.get(level);
      if (child === undefined) children.set(level, (child = { content: undefined, children: undefined }));
      node = child;
    }
    const former = node.content;
    if (former === undefined) this.#count++;
    node.content = content;
    return former;
  }

  #messageOf(node: Node): Message | undefined {
    if (node.content instanceof Uint8Array) node.content = this.#host.decodeMessage(node.content);
    return node.content;
  }

  #keyOf(topic: Topic): string {
    return `${this.#virtualHost}\0${topic.path}`;
  }
}

function isBare(node: Node | undefined): boolean {
  return node?.content === undefined && node?.children === undefined;
}

function removeChild(parent: Node | undefined, level: string | undefined): void {
  if (parent?.children === undefined || level === undefined) return;
  parent.children.delete(level);
  if (parent.children.size === 0) parent.children = undefined;
}

function* all(root: Node): Generator<Node, void> {
  const stack = [root];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    yield node;
    if (node.children !== undefined) for (const child of node.children.values()) stack.push(child);
  }
}
