import type { MetadataStore } from "./engine.ts";
import { BrokerError } from "./errors.ts";
import type { Message } from "./message.ts";
import { encodeMessage } from "./message-record.ts";
import { MANY, matchesPattern, type Pattern } from "./pattern.ts";
import { ownLevel } from "./own-level.ts";
import { SmallMap } from "./small-map.ts";
import { Topic } from "./topic.ts";

/** Stands for a durable message: it is in the engine until somebody asks for it, and not in memory. */
const STORED: unique symbol = Symbol("stored");

type Content = Message | typeof STORED;

/** A level with others below it. Below most levels there are none: these are no more than their content. */
class Branch extends SmallMap<string, Branch | Content> {
  content: Content | undefined;

  constructor(content: Content | undefined) {
    super();
    this.content = content;
  }
}

/** A place of the tree, with the pattern's first `at` levels behind it. */
interface Place {
  readonly node: Branch | Content;
  /** The levels that led here, joined by "/". */
  readonly path: string;
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
  /** Those that `setReserved` was given. */
  readonly #reserved = new WeakSet<Message>();
  readonly #metadata: MetadataStore;
  readonly #virtualHost: string;
  readonly #host: RetainedHost;
  readonly #root = new Branch(undefined);
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
   * The retained messages of all topics that the pattern selects, oldest first.
   *
   * @throws BrokerError "unavailable" while the storage recovers from a failure
   */
  match(pattern: Pattern): Message[] {
    const found: Message[] = [];
    if (pattern.levels.filter((level) => level === MANY).length > 1) this.#sift(pattern, found);
    else this.#walk(pattern, found);
    const nowMs = this.#host.now();
    for (const message of found) if (message.isExpired(nowMs)) this.#clear(message.topic);
    return found
      .filter((message) => !message.isExpired(nowMs))
      .filter((message) => pattern.hidesReserved || !this.#reserved.has(message))
      .toSorted((a, b) => a.receivedAtMs - b.receivedAtMs);
  }

  #contentAt(levels: readonly string[]): Content | undefined {
    let node: Branch | Content | undefined = this.#root;
    for (const level of levels) node = node instanceof Branch ? node.get(level) : undefined;
    return contentOf(node);
  }

  /** Several MANYs lead to the same topic on many ways: looking at each topic once is the safe bound. */
  #sift(pattern: Pattern, found: Message[]): void {
    const stack: Place[] = [{ node: this.#root, path: "", at: 0 }];
    for (let place = stack.pop(); place !== undefined; place = stack.pop()) {
      const { node, path } = place;
      if (contentOf(node) !== undefined && matchesPattern(pattern, new Topic(path))) this.#find(place, found);
      if (node instanceof Branch)
        node.forEach((child, level) => stack.push(this.#below(place, level, child, 0)));
    }
  }

  /** With a stack of its own: a topic can have more levels than calls can be nested. */
  #walk(pattern: Pattern, found: Message[]): void {
    const { levels } = pattern;
    const stack: Place[] = [{ node: this.#root, path: "", at: 0 }];
    for (let place = stack.pop(); place !== undefined; place = stack.pop()) {
      const { node, at } = place;
      const wanted = levels[at];
      if (wanted === undefined) {
        this.#find(place, found);
      } else if (typeof wanted === "string") {
        // Behind a MANY that stands for no level, this is still the first level of the topic.
        const isHidden = at > 0 && this.#isHidden(place, pattern, wanted);
        const child = isHidden || !(node instanceof Branch) ? undefined : node.get(wanted);
        if (child !== undefined) stack.push(this.#below(place, wanted, child, at + 1));
      } else {
        this.#spread(place, pattern, wanted === MANY, stack);
      }
    }
  }

  /** A wildcard: all children are next, and for MANY the place itself behind it. */
  #spread(place: Place, pattern: Pattern, isMany: boolean, stack: Place[]): void {
    const { node, path, at } = place;
    if (isMany) stack.push({ node, path, at: at + 1 });
    if (!(node instanceof Branch)) return;
    node.forEach((child, level) => {
      if (this.#isHidden(place, pattern, level)) return;
      stack.push(this.#below(place, level, child, isMany ? at : at + 1));
    });
  }

  #below({ node, path }: Place, level: string, child: Place["node"], at: number): Place {
    return { node: child, path: node === this.#root ? level : `${path}/${level}`, at };
  }

  #find({ node, path }: Place, found: Message[]): void {
    const content = contentOf(node);
    const message = content === STORED ? this.#read(path) : content;
    if (message !== undefined) found.push(message);
  }

  #read(path: string): Message | undefined {
    const record = this.#metadata.get("retained", this.#keyOf(path));
    return record && this.#host.decodeMessage(record);
  }

  /** A reserved topic, which a pattern that begins with a wildcard does not see [MQTT-4.7.2-1]. */
  #isHidden({ node }: Place, { hidesReserved }: Pattern, level: string): boolean {
    return hidesReserved && node === this.#root && level.startsWith("$");
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

function contentOf(node: Branch | Content | undefined): Content | undefined {
  return node instanceof Branch ? node.content : node;
}

function branchBelow(above: Branch, level: string): Branch {
  const known = above.get(level);
  if (known instanceof Branch) return known;
  const branch = new Branch(known);
  above.set(ownLevel(level), branch);
  return branch;
}
