import { GenerationCache } from "@dragoman/core";
import { hashOfHead, HeadPattern, type HeadValues } from "../codec/head-pattern.ts";

/** A head and what frames that begin with it mean. */
interface Known<T> {
  readonly pattern: HeadPattern;
  readonly meaning: T;
}

/** Heads that are remembered for one connection. */
const capacity = 256;
const seenCount = 256;

/** The heads that one client sends again and again: a head is learned when it comes the second time. */
export class KnownHeads<T> {
  readonly #known = new GenerationCache<number, Known<T>>(capacity);
  /** What hashes came lately; most connections never need it. */
  #seen: Int32Array | undefined;
  #last: Known<T> | undefined;

  /** What the frame means whose head lies there; undefined when it is not known. */
  find(bytes: Buffer, at: number, values: HeadValues): T | undefined {
    // Most frames are like the one before.
    if (this.#last?.pattern.match(bytes, at, values) === true) return this.#last.meaning;
    const hash = hashOfHead(bytes, at);
    const known = hash === 0 ? undefined : this.#known.get(hash);
    if (known?.pattern.match(bytes, at, values) !== true) return undefined;
    this.#last = known;
    return known.meaning;
  }

  /** @param meaning asked only when the head came before; undefined leaves it unknown */
  learn(head: Buffer, meaning: () => T | undefined): void {
    const hash = hashOfHead(head, 0);
    if (hash === 0) return;
    this.#seen ??= new Int32Array(seenCount);
    const place = (hash >>> 1) % seenCount;
    if (this.#seen[place] !== hash) {
      this.#seen[place] = hash;
      return;
    }
    const meant = meaning();
    const pattern = meant === undefined ? undefined : HeadPattern.of(head);
    if (meant === undefined || pattern === undefined) return;
    this.#last = { pattern, meaning: meant };
    this.#known.set(hash, this.#last);
  }
}
