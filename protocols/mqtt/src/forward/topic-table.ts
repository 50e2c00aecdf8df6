import { isUtf8 } from "node:buffer";
import { type Identity, type Topic, TOPIC_SPACE, type VirtualHost } from "@dragoman/core";
import type { Mounts } from "../translation/mounts.ts";
import { ReceiverSets, type Receivers } from "./receivers.ts";
import { areSame, hashOf } from "./topic-bytes.ts";

/** A topic by the bytes of its name. */
export interface KnownTopic {
  readonly bytes: Buffer;
  readonly topic: Topic;
  readonly hash: number;
  /** The generation of routes in which `receivers` were found; -1 before. */
  generation: number;
  /**
   * The number of its set of receivers in that generation; -1 when its messages need more than to be passed on. Not
   * the set itself: a topic that is not used again would hold on to clients that have left.
   */
  receivers: number;
  /** Who was last found to be allowed to publish here. */
  allowed: Identity | undefined;
}

/** Topics that are remembered; when there are more, all are forgotten. A power of two. */
const capacity = 2 ** 18;
const firstSize = 2 ** 8;

/** Longer names are left to those who read them as text. */
const maxTopicBytes = 1_024;

/**
 * Finds a topic and its receivers by the bytes of its name, without a string: a table with open addressing,
 * half empty at least. One for each virtual host.
 */
export class TopicTable {
  readonly #vhost: VirtualHost;
  readonly #mounts: Mounts;
  readonly #sets = new ReceiverSets();
  #slots: (KnownTopic | undefined)[] = emptySlots(firstSize);
  #count = 0;
  #generation = 0;

  constructor(vhost: VirtualHost, mounts: Mounts) {
    this.#vhost = vhost;
    this.#mounts = mounts;
  }

  /** The topic whose name stands there; undefined when it is no name that a message can simply be passed on to. */
  find(bytes: Buffer, start: number, end: number): KnownTopic | undefined {
    const hash = hashOf(bytes, start, end);
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const known = slots[at];
      if (known === undefined) return this.#learn(bytes, start, end, hash);
      if (known.hash === hash && areSame(known.bytes, bytes, start, end)) return known;
    }
  }

  /** Remembers none: they may be a hundred megabytes. */
  clear(): void {
    this.#resize(firstSize, []);
  }

  /** Who gets its messages as they came; undefined when somebody cannot. */
  receiversOf(known: KnownTopic): Receivers | undefined {
    const { router } = this.#vhost.topology;
    if (known.generation !== router.generation) this.#findReceivers(known, router.generation);
    return this.#sets.at(known.receivers);
  }

  /** Only where the topic alone decides: such routes are kept. */
  #findReceivers(known: KnownTopic, generation: number): void {
    if (this.#generation !== generation) this.#sets.clear();
    this.#generation = generation;
    const exchange = this.#vhost.exchange(TOPIC_SPACE);
    const route = this.#vhost.topology.router.route(exchange, known.topic, () => []);
    known.generation = generation;
    known.receivers = exchange.routes.get(known.topic) === route ? this.#sets.numberOf(route) : -1;
  }

  #learn(bytes: Buffer, start: number, end: number, hash: number): KnownTopic | undefined {
    if (end - start > maxTopicBytes) return undefined;
    const name = Buffer.from(bytes.subarray(start, end));
    const path = name.toString();
    // What breaks a rule, and names that begin with "$", are for the plain way.
    if (path === "" || path.startsWith("$") || !isUtf8(name) || /[#+\0]/.test(path)) return undefined;
    // What is mounted, be it in the topic space itself, has another name there.
    if (this.#mounts.find(path).rest !== path) return undefined;
    const topic = this.#vhost.topics.fromPath(path);
    const known = { bytes: name, topic, hash, generation: -1, receivers: -1, allowed: undefined };
    this.#put(known);
    return known;
  }

  #put(known: KnownTopic): void {
    if (this.#count >= capacity) this.clear();
    else if (this.#count * 2 >= this.#slots.length) this.#resize(this.#slots.length * 2, this.#slots);
    this.#insert(known);
  }

  #resize(size: number, kept: readonly (KnownTopic | undefined)[]): void {
    this.#slots = emptySlots(size);
    this.#count = 0;
    for (const known of kept) if (known !== undefined) this.#insert(known);
  }

  #insert(known: KnownTopic): void {
    const mask = this.#slots.length - 1;
    let at = known.hash & mask;
    while (this.#slots[at] !== undefined) at = (at + 1) & mask;
    this.#slots[at] = known;
    this.#count++;
  }
}

function emptySlots(size: number): (KnownTopic | undefined)[] {
  return Array.from({ length: size }, () => undefined);
}
