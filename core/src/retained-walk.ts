import type { Message } from "./message.ts";
import { MANY, matchesPattern, type Pattern } from "./pattern.ts";
import { Branch, type Content, contentOf, type Node } from "./retained-tree.ts";
import { Topic } from "./topic.ts";

/** A place of the tree, with the pattern's first `at` levels behind it. */
interface Place {
  readonly node: Node;
  /** The levels that led here, joined by "/". */
  readonly path: string;
  readonly at: number;
}

/** The store's side of a walk. */
export interface WalkedStore {
  readonly root: Branch;
  /** The message of that topic; undefined when it has expired, or is not for this pattern. */
  find(path: string, content: Content): Message | undefined;
  holds(message: Message): boolean;
  /** The walk need not be told of changes any more. */
  ended(): void;
}

/**
 * A way through the retained messages that a pattern selects, as they were when it began: what is set later is passed
 * over, for whoever subscribes gets it as it comes. A million of them take seconds to read, so it goes in steps.
 */
export class RetainedWalk {
  readonly #store: WalkedStore;
  /** How many levels the pattern has. */
  readonly #end: number;
  readonly #places: Generator<Place, void>;
  /** The one that is being looked at. */
  #place: Place | undefined;
  readonly #changed = new Set<string>();
  #isOver = false;

  constructor(pattern: Pattern, store: WalkedStore) {
    this.#store = store;
    const { levels, hidesReserved } = pattern;
    const { root } = store;
    this.#end = levels.length;
    // Several MANYs lead to the same topic on many ways: looking at each topic once is the safe bound.
    const isManifold = levels.filter((level) => level === MANY).length > 1;
    this.#places = isManifold
      ? siftedPlaces(root, pattern, this.#end)
      : placesOf({ root, levels, hidesReserved });
  }

  /** There is nothing more to read. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Topics whose message was set or cleared between its beginning and its end. */
  get changed(): ReadonlySet<string> {
    return this.#changed;
  }

  /**
   * Reads on. The messages are in no order.
   *
   * @param steps how many places of the tree are looked at, at most; each takes some microseconds
   * @returns how many were
   * @throws BrokerError "unavailable" while the storage recovers from a failure
   */
  read(steps: number, found: (message: Message) => void): number {
    let taken = 0;
    for (; taken < steps && !this.isOver; taken++) {
      // Once more at the place where the storage failed.
      const place = (this.#place ??= this.#places.next().value ?? undefined);
      if (place === undefined) this.end();
      else this.#look(place, found);
      this.#place = undefined;
    }
    return taken;
  }

  /** The message is still its topic's last, as far as the storage can tell. */
  isCurrent(message: Message): boolean {
    return this.#isOver ? this.#store.holds(message) : !this.#changed.has(message.topic.path);
  }

  topicChanged(path: string): void {
    this.#changed.add(path);
  }

  /** Reads nothing more. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#places.return();
    this.#store.ended();
  }

  #look({ node, path, at }: Place, found: (message: Message) => void): void {
    const content = at === this.#end ? contentOf(node) : undefined;
    if (content === undefined || this.#changed.has(path)) return;
    const message = this.#store.find(path, content);
    if (message !== undefined) found(message);
  }
}

/** What the ways through a tree have in common. */
interface Plan {
  readonly root: Branch;
  readonly levels: Pattern["levels"];
  readonly hidesReserved: boolean;
}

/** With a stack of its own: a topic can have more levels than calls can be nested. */
function* placesOf(plan: Plan): Generator<Place, void> {
  const start: Place = { node: plan.root, path: "", at: 0 };
  const ways: Iterator<Place, void>[] = [[start][Symbol.iterator]()];
  for (let way = ways.at(-1); way !== undefined; way = ways.at(-1)) {
    const { value: place } = way.next();
    if (place === undefined) {
      ways.pop();
    } else {
      yield place;
      if (place.at < plan.levels.length) ways.push(onwards(place, plan));
    }
  }
}

/** The places that the next level of the pattern leads to. The tree may change meanwhile. */
function* onwards(place: Place, plan: Plan): Generator<Place, void> {
  const { node, path, at } = place;
  const wanted = plan.levels[at];
  if (typeof wanted === "string") {
    // Behind a MANY that stands for no level, this is still the first level of the topic.
    const isHidden = at > 0 && isReserved(place, plan, wanted);
    const child = isHidden || !(node instanceof Branch) ? undefined : node.get(wanted);
    if (child !== undefined) yield below(place, plan, wanted, child, at + 1);
    return;
  }
  // A wildcard: all children are next, and for MANY the place itself behind it.
  if (wanted === MANY) yield { node, path, at: at + 1 };
  if (!(node instanceof Branch)) return;
  for (const [level, child] of node) {
    if (!isReserved(place, plan, level))
      yield below(place, plan, level, child, wanted === MANY ? at : at + 1);
  }
}

/** All topics; those that the pattern selects as places behind all of it. */
function* siftedPlaces(root: Branch, pattern: Pattern, end: number): Generator<Place, void> {
  for (const { node, path, at } of placesOf({ root, levels: [MANY], hidesReserved: false })) {
    const isSelected = at === 1 && contentOf(node) !== undefined && matchesPattern(pattern, new Topic(path));
    yield { node, path, at: isSelected ? end : 0 };
  }
}

function below({ node, path }: Place, { root }: Plan, level: string, child: Node, at: number): Place {
  return { node: child, path: node === root ? level : `${path}/${level}`, at };
}

/** A reserved topic, which a pattern that begins with a wildcard does not see [MQTT-4.7.2-1]. */
function isReserved({ node }: Place, { root, hidesReserved }: Plan, level: string): boolean {
  return hidesReserved && node === root && level.startsWith("$");
}
