import type { MetadataStore } from "./engine.ts";
import type { Message } from "./message.ts";
import { encodeMessage } from "./message-record.ts";
import { MANY, matchesPattern, type Pattern } from "./pattern.ts";
import type { Topic } from "./topic.ts";

interface Node {
  message: Message | undefined;
  children: Map<string, Node> | undefined;
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
    this.restore(message);
    if (message.durable) this.#metadata.put("retained", this.#keyOf(message.topic), encodeMessage(message));
    else this.#metadata.delete("retained", this.#keyOf(message.topic));
  }

  /** Takes a message back from the engine after a restart. */
  restore(message: Message): void {
    let node = this.#root;
    for (const level of message.topic.levels) {
      const children = (node.children ??= new Map<string, Node>());
      let child = children.get(level);
      if (child === undefined) children.set(level, (child = { message: undefined, children: undefined }));
      node = child;
    }
    if (node.message === undefined) this.#count++;
    node.message = message;
  }

  /** The retained messages of all topics that the pattern selects, oldest first. */
  match(pattern: Pattern): Message[] {
    const found: Message[] = [];
    if (pattern.levels.filter((level) => level === MANY).length > 1) {
      // Several MANYs lead to the same topic on many ways: looking at each topic once is the safe bound.
      walkAll(this.#root, (message) => {
        if (matchesPattern(pattern, message.topic)) found.push(message);
      });
    } else {
      this.#walk(this.#root, pattern, 0, (message) => void found.push(message));
    }
    const nowMs = this.#now();
    for (const message of found) if (message.isExpired(nowMs)) this.#clear(message.topic);
    return found
      .filter((message) => !message.isExpired(nowMs))
      .toSorted((a, b) => a.receivedAtMs - b.receivedAtMs);
  }

  #walk(node: Node, pattern: Pattern, at: number, found: (message: Message) => void): void {
    const wanted = pattern.levels[at];
    if (wanted === undefined) {
      if (node.message !== undefined) found(node.message);
    } else if (typeof wanted === "string") {
      const child = node.children?.get(wanted);
      if (child !== undefined) this.#walk(child, pattern, at + 1, found);
    } else {
      this.#walkWildcard(node, pattern, at, found);
    }
  }

  #walkWildcard(node: Node, pattern: Pattern, at: number, found: (message: Message) => void): void {
    const isMany = pattern.levels[at] === MANY;
    const hidesReserved = pattern.hidesReserved && node === this.#root;
    if (isMany) this.#walk(node, pattern, at + 1, found);
    for (const [level, child] of node.children ?? []) {
      if (hidesReserved && level.startsWith("$")) continue;
      this.#walk(child, pattern, isMany ? at : at + 1, found);
    }
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

function walkAll(node: Node, found: (message: Message) => void): void {
  if (node.message !== undefined) found(node.message);
  for (const child of node.children?.values() ?? []) walkAll(child, found);
}
