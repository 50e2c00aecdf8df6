import { GenerationCache } from "./generation-cache.ts";

/**
 * What lies below a place in a tree of topic levels. Most places have one child: these need no table, which
 * would cost more than all else that a leaf needs.
 */
export class LevelMap<V> {
  /** The only child, while there is no table. */
  #level: string | undefined;
  #child: V | undefined;
  #children: Map<string, V> | undefined;

  get hasChildren(): boolean {
    return this.#child !== undefined || this.#children !== undefined;
  }

  child(level: string): V | undefined {
    if (this.#children !== undefined) return this.#children.get(level);
    return this.#level === level ? this.#child : undefined;
  }

  setChild(level: string, child: V): void {
    if (this.#children !== undefined) {
      this.#children.set(this.#children.has(level) ? level : ownLevel(level), child);
    } else if (this.#level === level) {
      this.#child = child;
    } else if (this.#level === undefined || this.#child === undefined) {
      this.#level = ownLevel(level);
      this.#child = child;
    } else {
      this.#children = new Map([
        [this.#level, this.#child],
        [ownLevel(level), child],
      ]);
      this.#level = this.#child = undefined;
    }
  }

  removeChild(level: string): void {
    if (this.#children === undefined) {
      if (this.#level === level) this.#level = this.#child = undefined;
      return;
    }
    this.#children.delete(level);
    if (this.#children.size > 1) return;
    for (const [last, child] of this.#children) {
      this.#level = last;
      this.#child = child;
    }
    this.#children = undefined;
  }

  eachChild(visit: (level: string, child: V) => void): void {
    if (this.#children !== undefined) this.#children.forEach((child, level) => visit(level, child));
    else if (this.#level !== undefined && this.#child !== undefined) visit(this.#level, this.#child);
  }
}

/** Levels that were lately new somewhere: the same few words stand below very many places. */
const known = new GenerationCache<string, string>(4_096);

/** From this length on a part of a text is a view of it, and would keep all of it in memory. */
const SHORTEST_VIEW = 13;

/** The same text in memory of its own, shared with other places. */
function ownLevel(level: string): string {
  const same = known.get(level);
  if (same !== undefined) return same;
  const copy: string = level.length < SHORTEST_VIEW ? level : JSON.parse(JSON.stringify(level));
  known.set(copy, copy);
  return copy;
}
