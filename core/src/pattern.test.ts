import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { patterns, topics } from "./pattern.arbitraries.ts";
import {
  makePattern,
  MANY,
  matchesPattern,
  ONE,
  type Pattern,
  patternFromKey,
  type PatternLevel,
} from "./pattern.ts";
import { SELECTIONS } from "./pattern.vectors.ts";
import { Topic } from "./topic.ts";

/** The rules as they are written, without a thought for time. */
function selects(pattern: readonly PatternLevel[], topic: readonly string[]): boolean {
  const [wanted, ...others] = pattern;
  if (wanted === undefined) return topic.length === 0;
  if (wanted === MANY)
    return selects(others, topic) || (topic.length > 0 && selects(pattern, topic.slice(1)));
  const [level, ...rest] = topic;
  return level !== undefined && (wanted === ONE || wanted === level) && selects(others, rest);
}

function selectsNaively({ levels, hidesReserved }: Pattern, topic: Topic): boolean {
  const isHidden = hidesReserved && topic.path.startsWith("$") && typeof levels[0] !== "string";
  return !isHidden && selects(levels, topic.levels);
}

describe.each(SELECTIONS)("$name", (row) => {
  const levels = row.levels === "" ? [] : row.levels.split("/");
  const pattern = makePattern(
    levels.map((level) => (level === "+" ? ONE : level === "#" ? MANY : level)),
    row.hidesReserved,
  );
  test.each([...row.selects])("selects '%s'", (path) => {
    expect(matchesPattern(pattern, new Topic(path))).toBe(true);
  });
  test.each([...row.refuses])("does not select '%s'", (path) => {
    expect(matchesPattern(pattern, new Topic(path))).toBe(false);
  });
});

test("a pattern selects what the rules say, read literally", () => {
  fc.assert(
    fc.property(patterns, topics, (pattern, topic) => {
      expect(matchesPattern(pattern, topic)).toBe(selectsNaively(pattern, topic));
    }),
    { numRuns: 2_000 },
  );
});

test("a pattern of many wildcards is decided in reasonable time", () => {
  const pattern = makePattern(
    [...Array.from({ length: 60 }, (): PatternLevel[] => [MANY, "a"]).flat(), "b"],
    false,
  );
  expect(matchesPattern(pattern, new Topic(Array(300).fill("a").join("/")))).toBe(false);
});

test("a binding key is levels joined by dots, with * and # as wildcards, AMQP 0-9-1 §3.1.3.3", () => {
  expect(patternFromKey("a.*.#").levels).toEqual(["a", ONE, MANY]);
  expect(patternFromKey("a/b.c").levels).toEqual(["a.b", "c"]);
  expect(patternFromKey("").levels).toEqual([]);
  expect(patternFromKey("a*.b#").levels).toEqual(["a*", "b#"]);
});

test("patterns have the same id when they are alike, and only then", () => {
  fc.assert(
    fc.property(patterns, patterns, (a, b) => {
      const isAlike =
        a.hidesReserved === b.hidesReserved &&
        a.levels.length === b.levels.length &&
        a.levels.every((level, index) => level === b.levels[index]);
      expect(a.id === b.id).toBe(isAlike);
    }),
  );
});

test("a pattern has as many MANYs as AMQP can write, and no more", () => {
  const key = Array(128).fill("#").join(".");
  expect(key).toHaveLength(255);
  expect(patternFromKey(key).levels).toHaveLength(128);
  expect(() => patternFromKey(`${key}.#`)).toThrow("limit 128");
});
