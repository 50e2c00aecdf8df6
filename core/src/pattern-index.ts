import { ownLevel } from "./own-level.ts";
import { MANY, ONE, type Pattern, type PatternLevel } from "./pattern.ts";
import { SmallMap } from "./small-map.ts";
import type { Topic } from "./topic.ts";

/** A place in the tree of levels: the literal levels below it, the wildcards below it, and what ends here. */
class Node<T> extends SmallMap<string, Node<T>> {
  one: Node<T> | undefined;
  many: Node<T> | undefined;
  /** Most patterns have one value. */
  values: T | Set<T> | undefined;

  get isEmpty(): boolean {
    return this.values === undefined && this.size === 0 && this.one === undefined && this.many === undefined;
  }

  eachValue(found: (value: T) => void): void {
    const { values } = this;
    if (values instanceof Set) values.forEach((value) => found(value));
    else if (values !== undefined) found(values);
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
    const { values } = node;
    if (values instanceof Set) values.add(value);
    else if (values === undefined || values === value) node.values = value;
    else node.values = new Set([values, value]);
  }

  /** Removes what `add` put there; does nothing when it is not there. */
  remove(pattern: Pattern, value: T): void {
    const path = [this.#rootOf(pattern)];
    const { levels } = pattern;
    for (const level of levels) {
      const child = childOf(path.at(-1), level);
      if (child === undefined) return;
      path.push(child);
    }
    const end = path.at(-1);
    if (end !== undefined) removeValue(end, value);
    for (let depth = levels.length; depth > 0 && path[depth]?.isEmpty === true; depth--) {
      removeChild(path[depth - 1], levels[depth - 1]);
    }
  }

  /** Calls `found` once for each value of each pattern that selects `topic`; a value added twice under different patterns comes twice. */
  match(topic: Topic, found: (value: T) => void): void {
    walk(this.#open, topic.levels, 0, found);
    if (topic.isReserved) {
      // Only the literal branch of the first level is open to a reserved topic.
      const first = this.#guarded.get(topic.levels[0] ?? "");
      if (first !== undefined) walk(first, topic.levels, 1, found);
    } else {
      walk(this.#guarded, topic.levels, 0, found);
    }
  }

  #rootOf(pattern: Pattern): Node<T> {
    return pattern.hidesReserved ? this.#guarded : this.#open;
  }
}

/** Goes down the tree level by level: each node is looked at once for each level, however many ways lead there. */
function walk<T>(start: Node<T>, levels: readonly string[], depth: number, found: (value: T) => void): void {
  /** Where the levels so far lead to. */
  let nodes = new Set([start]);
  /** The MANYs on the ways there: each may stand for the levels to come, too. */
  const manys = new Set<Node<T>>();
  enterMany(start, manys);
  for (let at = depth; at < levels.length && nodes.size + manys.size > 0; at++) {
    const below = new Set<Node<T>>();
    const level = levels[at] ?? "";
    for (const node of nodes) descend(node, level, below);
    for (const node of manys) descend(node, level, below);
    for (const node of below) enterMany(node, manys);
    nodes = below;
  }
  for (const node of nodes) node.eachValue(found);
  for (const node of manys) node.eachValue(found);
}

function descend<T>(node: Node<T>, level: string, below: Set<Node<T>>): void {
  const literal = node.get(level);
  if (literal !== undefined) below.add(literal);
  if (node.one !== undefined) below.add(node.one);
}

/** MANY may stand for no level. */
function enterMany<T>(node: Node<T>, manys: Set<Node<T>>): void {
  for (let many = node.many; many !== undefined && !manys.has(many); many = many.many) manys.add(many);
}

function childFor<T>(node: Node<T>, level: PatternLevel): Node<T> {
  if (level === ONE) return (node.one ??= new Node());
  if (level === MANY) return (node.many ??= new Node());
  let child = node.get(level);
  if (child === undefined) node.set(ownLevel(level), (child = new Node()));
  return child;
}

function childOf<T>(node: Node<T> | undefined, level: PatternLevel): Node<T> | undefined {
  return level === ONE ? node?.one : level === MANY ? node?.many : node?.get(level);
}

function removeChild<T>(node: Node<T> | undefined, level: PatternLevel | undefined): void {
  if (node === undefined || level === undefined) return;
  if (level === ONE) node.one = undefined;
  else if (level === MANY) node.many = undefined;
  else node.delete(level);
}

function removeValue<T>(node: Node<T>, value: T): void {
  const { values } = node;
  if (!(values instanceof Set)) {
    if (values === value) node.values = undefined;
    return;
  }
  values.delete(value);
  if (values.size > 1) return;
  for (const last of values) node.values = last;
}
