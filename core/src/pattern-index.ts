import { MANY, ONE, type Pattern, type PatternLevel } from "./pattern.ts";
import type { Topic } from "./topic.ts";

/** A place in the tree of levels; what ends here is in `values`. */
class Node<T> {
  literals: Map<string, Node<T>> | undefined;
  one: Node<T> | undefined;
  many: Node<T> | undefined;
  values: Set<T> | undefined;

  get isEmpty(): boolean {
    return (
      this.values === undefined &&
      this.literals === undefined &&
      this.one === undefined &&
      this.many === undefined
    );
  }

  get isLeaf(): boolean {
    return this.literals === undefined && this.one === undefined && this.many === undefined;
  }
}

/**
 * Finds the values of all patterns that select a topic, in time that grows with the topic's levels and
 * the matches, not with the number of patterns.
 */
export class PatternIndex<T> {
  readonly #open = new Node<T>();
  /** Patterns that hide topics with "$" from a leading wildcard. */
  readonly #guarded = new Node<T>();

  add(pattern: Pattern, value: T): void {
    let node = this.#rootOf(pattern);
    for (const level of pattern.levels) node = childFor(node, level);
    (node.values ??= new Set()).add(value);
  }

  /** Removes what `add` put there; does nothing when it is not there. */
  remove(pattern: Pattern, value: T): void {
    removeFrom(this.#rootOf(pattern), pattern, 0, value);
  }

  /** Calls `found` once for each value of each pattern that selects `topic`; a value added twice under different patterns comes twice. */
  match(topic: Topic, found: (value: T) => void): void {
    walk(this.#open, topic.levels, 0, found, undefined);
    if (topic.isReserved) {
      // Only the literal branch of the first level is open to a reserved topic.
      const first = this.#guarded.literals?.get(topic.levels[0] ?? "");
      if (first !== undefined) walk(first, topic.levels, 1, found, undefined);
    } else {
      walk(this.#guarded, topic.levels, 0, found, undefined);
    }
  }

  #rootOf(pattern: Pattern): Node<T> {
    return pattern.hidesReserved ? this.#guarded : this.#open;
  }
}

/** Pairs of node and depth seen: two inner MANYs can lead to the same place on several ways. */
type Seen<T> = Map<Node<T>, Set<number>>;

function walk<T>(
  node: Node<T>,
  levels: readonly string[],
  depth: number,
  found: (value: T) => void,
  seen: Seen<T> | undefined,
): void {
  if (seen !== undefined && !markSeen(seen, node, depth)) return;
  if (node.many !== undefined) walkMany(node.many, levels, depth, found, seen);
  if (depth === levels.length) {
    node.values?.forEach((value) => found(value));
    return;
  }
  const level = levels[depth] ?? "";
  const literal = node.literals?.get(level);
  if (literal !== undefined) walk(literal, levels, depth + 1, found, seen);
  if (node.one !== undefined) walk(node.one, levels, depth + 1, found, seen);
}

function walkMany<T>(
  many: Node<T>,
  levels: readonly string[],
  depth: number,
  found: (value: T) => void,
  seen: Seen<T> | undefined,
): void {
  if (many.isLeaf && seen === undefined) {
    many.values?.forEach((value) => found(value));
    return;
  }
  const visited: Seen<T> = seen ?? new Map();
  for (let rest = depth; rest <= levels.length; rest++) walk(many, levels, rest, found, visited);
}

function markSeen<T>(seen: Seen<T>, node: Node<T>, depth: number): boolean {
  const depths = seen.get(node);
  if (depths === undefined) seen.set(node, new Set([depth]));
  else if (depths.has(depth)) return false;
  else depths.add(depth);
  return true;
}

function childFor<T>(node: Node<T>, level: PatternLevel): Node<T> {
  if (level === ONE) return (node.one ??= new Node());
  if (level === MANY) return (node.many ??= new Node());
  const literals = (node.literals ??= new Map<string, Node<T>>());
  let child = literals.get(level);
  if (child === undefined) literals.set(level, (child = new Node()));
  return child;
}

function removeFrom<T>(node: Node<T>, pattern: Pattern, depth: number, value: T): void {
  const level = pattern.levels[depth];
  if (level === undefined) {
    node.values?.delete(value);
    if (node.values?.size === 0) node.values = undefined;
    return;
  }
  const child = level === ONE ? node.one : level === MANY ? node.many : node.literals?.get(level);
  if (child === undefined) return;
  removeFrom(child, pattern, depth + 1, value);
  if (child.isEmpty) removeChild(node, level);
}

function removeChild<T>(node: Node<T>, level: PatternLevel): void {
  if (level === ONE) {
    node.one = undefined;
  } else if (level === MANY) {
    node.many = undefined;
  } else {
    node.literals?.delete(level);
    if (node.literals?.size === 0) node.literals = undefined;
  }
}
