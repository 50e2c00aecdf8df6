import type { Binding, BindingSpec, Lead } from "./binding.ts";
import { BrokerError } from "./errors.ts";
import type { Matcher } from "./exchange.ts";
import type { Topic } from "./topic.ts";
import { findHeader, type Headers } from "./value.ts";
import { valueToText } from "./value-text.ts";

const LARGEST_WEIGHT = 1_000;
/** More points make the shares more even, and a change of bindings dearer. */
const POINTS_PER_WEIGHT = 64;

interface Point {
  readonly hash: number;
  readonly binding: Binding;
}

/**
 * Selects one binding by the hash of the routing key, or of a header's value: what has the same key goes the
 * same way, and a binding that comes or goes moves only its own share. A binding's key is its weight, 0 to
 * 1000: its share among the others.
 */
export class ConsistentHashMatcher implements Matcher {
  readonly isCacheable: boolean;
  readonly #header: string | undefined;
  readonly #bindings = new Set<Binding>();
  /** Ordered by hash; undefined when the bindings have changed since. */
  #ring: readonly Point[] | undefined;

  /** @param header the name of the header that is hashed; undefined for the routing key */
  constructor(header: string | undefined) {
    this.#header = header;
    this.isCacheable = header === undefined;
  }

  check({ key }: BindingSpec): void {
    if (/^\d{1,4}$/.test(key) && Number(key) <= LARGEST_WEIGHT) return;
    throw new BrokerError("bad-address", `'${key}' is no weight: a whole number up to ${LARGEST_WEIGHT}`);
  }

  add(binding: Binding): void {
    this.#bindings.add(binding);
    this.#ring = undefined;
  }

  remove(binding: Binding): void {
    this.#bindings.delete(binding);
    this.#ring = undefined;
  }

  match(topic: Topic, headers: () => Headers, found: (lead: Lead) => void): void {
    const ring = (this.#ring ??= makeRing(this.#bindings));
    const hash = hashOf(this.#header === undefined ? topic.key : textOf(headers(), this.#header));
    const point = ring[firstNotBelow(ring, hash)] ?? ring[0];
    if (point !== undefined) found(point.binding);
  }
}

function textOf(headers: Headers, name: string): string {
  const value = findHeader(headers, name);
  return value === undefined ? "" : valueToText(value);
}

function makeRing(bindings: Iterable<Binding>): Point[] {
  const ring: Point[] = [];
  let subscribers = 0;
  for (const binding of bindings) {
    const { destination, spec } = binding;
    const name =
      destination.kind === "queue"
        ? destination.queue.name
        : destination.kind === "exchange"
          ? destination.exchange.name
          : String(subscribers++);
    for (let i = Number(spec.key) * POINTS_PER_WEIGHT; i > 0; i--) {
      ring.push({ hash: hashOf(`${i} ${destination.kind} ${name}`), binding });
    }
  }
  return ring.toSorted((a, b) => a.hash - b.hash);
}

/** Index of the first point whose hash is not smaller. */
function firstNotBelow(ring: readonly Point[], hash: number): number {
  let low = 0;
  let high = ring.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ring[middle]?.hash ?? Number.POSITIVE_INFINITY) < hash) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** FNV-1a over UTF-16 units, with a final mix so that keys that differ little lie far apart; 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
