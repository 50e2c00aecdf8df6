import type { MetadataStore } from "./engine.ts";
import { BrokerError } from "./errors.ts";
import type { Message } from "./message.ts";
import { encodeMessage } from "./message-record.ts";
import type { Pattern } from "./pattern.ts";
import { ownLevel } from "./own-level.ts";
import { Branch, type Content, contentOf, type Node, STORED } from "./retained-tree.ts";
import { RetainedWalk } from "./retained-walk.ts";
import type { Topic } from "./topic.ts";

/** The virtual host's side of retained messages. */
export interface RetainedHost {
  /** Milliseconds since 1970. */
  now(): number;
  decodeMessage(record: Uint8Array): Message;
}

/** The last message of each topic whose publisher asked to retain it. One for each virtual host. */
export class RetainedStore {
  /** Those that `setReserved` was given. */
  readonly #reserved = new WeakSet<Message>();
  readonly #metadata: MetadataStore;
  readonly #virtualHost: string;
  readonly #host: RetainedHost;
  readonly #root = new Branch(undefined);
  readonly #walks = new Set<RetainedWalk>();
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
    for (const walk of this.#walks) walk.topicChanged(message.topic.path);
    // [MQTT-3.3.1-7]
    if (message.body.length === 0) {
      this.#clear(message.topic);
      return;
    }
    const { topic, durable } = message;
    const former = this.#put(topic.levels, durable ? STORED : message);
    if (durable) this.#metadata.put("retained", this.#keyOf(topic.path), encodeMessage(message));
    else if (former === STORED) this.#metadata.delete("retained", this.#keyOf(topic.path));
  }

  /** As `set`, for patterns alone that hide reserved topics from a wildcard in front. */
  setReserved(message: Message): void {
    this.#reserved.add(message);
    this.set(message);
  }

  /** A topic has a retained message in the engine after a restart. */
  restore(path: string): void {
    this.#put(path === "" ? [] : path.split("/"), STORED);
  }

  /** The message is still its topic's last, as far as the storage can tell. */
  holds(message: Message): boolean {
    const content = this.#contentAt(message.topic.levels);
    if (content !== STORED) return content === message;
    try {
      return this.#read(message.topic.path)?.id === message.id;
    } catch (error) {
      if (error instanceof BrokerError && error.code === "unavailable") return true;
      throw error;
    }
  }

  /**
   * The retained messages of all topics that the pattern selects, oldest first: for who can do nothing with a part of
   * them, as `walk` reads them step by step.
   *
   * @throws BrokerError "unavailable" while the storage recovers from a failure
   */
  match(pattern: Pattern): Message[] {
    const found: Message[] = [];
    const walk = this.walk(pattern);
    try {
      walk.read(Number.POSITIVE_INFINITY, (message) => void found.push(message));
    } finally {
      walk.end();
    }
    return found.toSorted((a, b) => a.receivedAtMs - b.receivedAtMs);
  }

  /** A way through the retained messages of all topics that the pattern selects. It must be ended, or read to its end. */
  walk(pattern: Pattern): RetainedWalk {
    const walk: RetainedWalk = new RetainedWalk(pattern, {
      root: this.#root,
      find: (path, content) => this.#find(path, content, pattern),
      holds: (message) => this.holds(message),
      ended: () => void this.#walks.delete(walk),
    });
    this.#walks.add(walk);
    return walk;
  }

  #find(path: string, content: Content, { hidesReserved }: Pattern): Message | undefined {
    const message = content === STORED ? this.#read(path) : content;
    if (message?.isExpired(this.#host.now()) === true) {
      this.#clear(message.topic);
      return undefined;
    }
    const isHidden = message !== undefined && !hidesReserved && this.#reserved.has(message);
    return isHidden ? undefined : message;
  }

  #contentAt(levels: readonly string[]): Content | undefined {
    let node: Node | undefined = this.#root;
    for (const level of levels) node = node instanceof Branch ? node.get(level) : undefined;
    return contentOf(node);
  }

  #read(path: string): Message | undefined {
    const record = this.#metadata.get("retained", this.#keyOf(path));
    return record && this.#host.decodeMessage(record);
  }

  #clear({ path, levels }: Topic): void {
    const branches = [this.#root];
    for (const level of levels.slice(0, -1)) {
      const child = branches.at(-1)?.get(level);
      if (!(child instanceof Branch)) return;
      branches.push(child);
    }
    const former = this.#take(branches.at(-1), levels.at(-1));
    if (former === undefined) return;
    this.#count--;
    if (former === STORED) this.#metadata.delete("retained", this.#keyOf(path));
    this.#prune(branches, levels);
  }

  /** Of the branches that lead to the last level but one, those with nothing below become what they hold. */
  #prune(branches: readonly Branch[], levels: readonly string[]): void {
    for (let depth = branches.length - 1; depth > 0; depth--) {
      const branch = branches[depth];
      const level = levels[depth - 1];
      if (branch === undefined || level === undefined || branch.size > 0) return;
      if (branch.content === undefined) branches[depth - 1]?.delete(level);
      else branches[depth - 1]?.set(level, branch.content);
    }
  }

  /** Takes out the content of a level below the branch; of the branch itself when there is no level. */
  #take(above: Branch | undefined, level: string | undefined): Content | undefined {
    const node = level === undefined ? above : above?.get(level);
    const content = contentOf(node);
    if (node instanceof Branch) node.content = undefined;
    else if (level !== undefined) above?.delete(level);
    return content;
  }

  /** Returns what was there before. */
  #put(levels: readonly string[], content: Content): Content | undefined {
    let branch = this.#root;
    const last = levels.length - 1;
    for (let depth = 0; depth < last; depth++) branch = branchBelow(branch, levels[depth] ?? "");
    const level = levels[last];
    const node = level === undefined ? branch : branch.get(level);
    const former = contentOf(node);
    if (node instanceof Branch) node.content = content;
    else if (level !== undefined) branch.set(former === undefined ? ownLevel(level) : level, content);
    if (former === undefined) this.#count++;
    return former;
  }

  #keyOf(path: string): string {
    return `${this.#virtualHost}\0${path}`;
  }
}

function branchBelow(above: Branch, level: string): Branch {
  const known = above.get(level);
  if (known instanceof Branch) return known;
  const branch = new Branch(known);
  above.set(ownLevel(level), branch);
  return branch;
}
