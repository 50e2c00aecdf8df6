import fc from "fast-check";
import { expect, test } from "vitest";
import { patterns, topics } from "./pattern.arbitraries.ts";
import { PatternIndex } from "./pattern-index.ts";
import { makePattern, MANY, matchesPattern, ONE, type Pattern, type PatternLevel } from "./pattern.ts";
import { Topic } from "./topic.ts";

interface Entry {
  readonly pattern: Pattern;
  readonly value: number;
}

const entries = fc.array(fc.record({ pattern: patterns, value: fc.nat(5) }), { maxLength: 30 });

test("the index finds what each pattern by itself selects, also after removals", () => {
  fc.assert(
    fc.property(
      entries,
      fc.array(fc.nat(29)),
      fc.array(topics, { minLength: 1 }),
      (added, removed, asked) => {
        const index = new PatternIndex<number>();
        const model = new Map<string, Entry>();
        for (const entry of added) {
          index.add(entry.pattern, entry.value);
          model.set(keyOf(entry), entry);
        }
        for (const at of removed) {
          const entry = added[at];
          if (entry === undefined) continue;
          index.remove(entry.pattern, entry.value);
          model.delete(keyOf(entry));
        }
        for (const topic of asked) {
          const want = [...model.values()].filter(({ pattern }) => matchesPattern(pattern, topic));
          expect(found(index, topic)).toEqual(want.map(({ value }) => value).toSorted((a, b) => a - b));
        }
      },
    ),
    { numRuns: 500 },
  );
});

test("removing what is not there does nothing", () => {
  const index = new PatternIndex<number>();
  index.add(makePattern(["a", ONE], true), 1);
  index.remove(makePattern(["a", ONE], true), 2);
  index.remove(makePattern(["a", "b"], true), 1);
  index.remove(makePattern([MANY], true), 1);
  index.remove(makePattern([], true), 1);

  expect(found(index, new Topic("a/b"))).toEqual([1]);
});

test("patterns and topics as deep as a packet can make them are no danger to the stack", () => {
  const index = new PatternIndex<number>();
  const deep = makePattern(Array(65_000).fill(ONE), true);
  index.add(deep, 1);
  index.add(makePattern([MANY, "x"], false), 2);

  expect(found(index, new Topic("/".repeat(64_999)))).toEqual([1]);
  index.remove(deep, 1);
  expect(found(index, new Topic("/".repeat(64_999)))).toEqual([]);
});

test("a match takes time that grows with the topic's levels, wherever a pattern has its MANYs", () => {
  const index = new PatternIndex<number>();
  const manys: PatternLevel[] = Array.from({ length: 16 }, (_, i) => (i % 2 === 0 ? MANY : "x"));
  index.add(makePattern([...manys, MANY, "y"], false), 1);
  index.add(makePattern([...manys, MANY, "x"], false), 2);

  expect(found(index, new Topic("x/".repeat(30_000) + "x"))).toEqual([2]);
});

function keyOf({ pattern, value }: Entry): string {
  return `${pattern.id} ${value}`;
}

function found(index: PatternIndex<number>, topic: Topic): number[] {
  const values: number[] = [];
  index.match(topic, (value) => void values.push(value));
  return values.toSorted((a, b) => a - b);
}
