import { GenerationCache } from "./generation-cache.ts";

/** Levels that were lately new somewhere: the same few words stand in very many topics. */
const known = new GenerationCache<string, string>(4_096);

/** Longer ones are no words that many topics share, and the cache would fill the memory with them. */
const LONGEST_SHARED = 64;

/** From this length on a part of a text is a view of it, and would keep all of it in memory. */
const SHORTEST_VIEW = 13;

/**
 * A level of a topic for keeps: the same text in memory of its own, shared with other places where it stands unless it
 * is very long.
 */
export function ownLevel(level: string): string {
  if (level.length > LONGEST_SHARED) return copyOf(level);
  const same = known.get(level);
  if (same !== undefined) return same;
  const copy = level.length < SHORTEST_VIEW ? level : copyOf(level);
  known.set(copy, copy);
  return copy;
}

function copyOf(text: string): string {
  return JSON.parse(JSON.stringify(text));
}
