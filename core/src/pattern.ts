import { BrokerError } from "./errors.ts";
import { type Topic, tradeSeparators } from "./topic.ts";

/** Stands for exactly one level, also an empty one. */
export const ONE: unique symbol = Symbol("one level");
/** Stands for any number of levels, none included. */
export const MANY: unique symbol = Symbol("any number of levels");

export type PatternLevel = string | typeof ONE | typeof MANY;

/**
 * Selects topics by their levels. Each protocol parses its own spelling, so that a literal "*" or "+" is
 * never taken for a wildcard.
 */
export interface Pattern {
  /** Made anew at each call: most patterns are only kept. */
  readonly levels: readonly PatternLevel[];
  /** A wildcard in first place does not select a topic that starts with "$" (MQTT 5.0 §4.7.2). */
  readonly hidesReserved: boolean;
  /** Equal for patterns that select alike by construction: same levels, same rule for "$". */
  readonly id: string;
}

/** As many as a binding key of AMQP can hold: what a match may cost grows with their number times the topic's levels. */
const MOST_MANYS = 128;

/** @throws BrokerError "too-large" when it has more than 128 MANYs */
export function makePattern(levels: readonly PatternLevel[], hidesReserved: boolean): Pattern {
  const manys = levels.filter((level) => level === MANY).length;
  if (manys > MOST_MANYS)
    throw new BrokerError(
      "too-large",
      `pattern with ${manys} wildcards for any number of levels, limit ${MOST_MANYS}`,
    );
  const shown = levels.map((level) => (typeof level === "string" ? `=${level}` : level === ONE ? "+" : "#"));
  return new SpelledPattern(`${hidesReserved ? GUARDED : OPEN}${shown.join("/")}`);
}

/** The pattern with that identity. */
export function patternFromId(id: string): Pattern {
  return new SpelledPattern(id);
}

const GUARDED = "guarded:";
const OPEN = "open:";

/** Its identity spells all of it: of a million patterns nothing else is in memory. */
class SpelledPattern implements Pattern {
  readonly id: string;

  constructor(id: string) {
    this.id = id;
  }

  get hidesReserved(): boolean {
    return this.id.startsWith(GUARDED);
  }

  get levels(): readonly PatternLevel[] {
    const { id } = this;
    const levels: PatternLevel[] = [];
    for (let start = (this.hidesReserved ? GUARDED : OPEN).length; start < id.length;) {
      const slash = id.indexOf("/", start);
      const end = slash < 0 ? id.length : slash;
      const first = id.charCodeAt(start);
      levels.push(first === PLUS ? ONE : first === HASH ? MANY : id.slice(start + 1, end));
      start = end + 1;
    }
    return levels;
  }
}

const PLUS = 0x2b;
const HASH = 0x23;

/** The pattern of a binding key: levels joined by ".", "*" for one level, "#" for any number anywhere. */
export function patternFromKey(key: string): Pattern {
  const levels = key === "" ? [] : tradeSeparators(key).split("/");
  return makePattern(
    levels.map((level) => (level === "*" ? ONE : level === "#" ? MANY : level)),
    false,
  );
}

/** True when `pattern` selects `topic`. Linear in the product of their lengths at worst. */
export function matchesPattern(pattern: Pattern, topic: Topic): boolean {
  const { levels } = pattern;
  if (pattern.hidesReserved && topic.isReserved && typeof levels[0] !== "string") return false;
  // Positions in the pattern that the topic's levels read so far can lead to.
  let reached = skipMany(levels, [0]);
  for (const level of topic.levels) {
    const next: number[] = [];
    for (const at of reached) {
      const wanted = levels[at];
      if (wanted === MANY) next.push(at);
      else if (wanted === ONE || wanted === level) next.push(at + 1);
    }
    reached = skipMany(levels, next);
  }
  return reached.includes(levels.length);
}

function skipMany(levels: readonly PatternLevel[], from: readonly number[]): number[] {
  const reached = new Set<number>();
  for (const start of from) {
    let at = start;
    reached.add(at);
    while (levels[at] === MANY) reached.add(++at);
  }
  return [...reached];
}
