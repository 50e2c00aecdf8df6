import { GenerationCache } from "./generation-cache.ts";

/** Levels that were lately new somewhere: the same few words stand in very many topics. */
const known = new GenerationCache<string, string>(4_096);

/** From this length on a part of a text is a view of it, and would keep all of it in memory. */
const SHORTEST_VIEW = 13;

/** A level of a topic for keeps: the same text in memory of its own, shared with other places where it stands. */
export function ownLevel(level: string): string {
  const same = known.get(level);
  if (same !== undefined) return same;
  const copy: string = level.length < SHORTEST_VIEW ? level : JSON.parse(JSON.stringify(level));
  known.set(copy, copy);
  return copy;
}
