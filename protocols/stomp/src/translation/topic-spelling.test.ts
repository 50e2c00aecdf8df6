import { matchesPattern, Topic } from "@dragoman/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { topicPath, topicPattern, topicStyle, writeTopic } from "./topic-spelling.ts";

/** Any level, often of characters that mean something somewhere. */
const anyLevel = fc
  .array(
    fc.oneof(
      fc.constantFrom(".", "%", "*", "+", "#", ">", "%2E", "a", "é", " ", "\n", "\x7f"),
      fc.string({ unit: "grapheme", maxLength: 2 }),
    ),
    { maxLength: 4 },
  )
  .map((parts) => parts.join("").replaceAll("/", ""));

const anyPath = fc.array(anyLevel, { minLength: 1, maxLength: 5 }).map((levels) => levels.join("/"));

describe("a topic in a destination", () => {
  it.each([
    ["cities.london", "cities/london"],
    ["cities/london", "cities/london"],
    ["spBv1%2E0.g.NDATA", "spBv1.0/g/NDATA"],
    ["spBv1.0/g/NDATA", "spBv1.0/g/NDATA"],
    [".a..b.", "/a//b/"],
    ["/a//b/", "/a//b/"],
    ["a%2Fb", "a.b"],
    ["a%2fb.c", "a.b/c"],
    ["x.%2A", "x/*"],
    ["x.*", "x/*"],
    ["100%", "100%"],
    ["%E2%82%AC", "€"],
    ["$SYS/broker", "$SYS/broker"],
    ["", ""],
  ])("%j is the topic %j where it is sent to", (text, path) => {
    expect(topicPath(text)).toBe(path);
  });

  it.each([
    ["cities/london", "cities.london", "cities/london"],
    ["spBv1.0/g/NDATA", "spBv1%2E0.g.NDATA", "spBv1.0/g/NDATA"],
    ["/a//b/", ".a..b.", "/a//b/"],
    ["a.b/c", "a%2Eb.c", "a.b/c"],
    ["a.b", "a%2Eb", "a%2Eb"],
    ["x/*", "x.%2A", "x/%2A"],
    ["50%/€\n", "50%25.€%0A", "50%25/€%0A"],
  ])("the topic %j is written %j in dots, %j in slashes", (path, dots, slashes) => {
    expect(writeTopic(path, "dot")).toBe(dots);
    expect(writeTopic(path, "slash")).toBe(slashes);
  });

  it("reaches the same topic when it is sent to as it was written, in every style", () => {
    fc.assert(
      fc.property(anyPath, fc.constantFrom("dot", "slash"), (path, style) => {
        expect(topicPath(writeTopic(path, style))).toBe(path);
      }),
      { numRuns: 2_000 },
    );
  });

  it("selects just that topic when it is subscribed to as it was written", () => {
    fc.assert(
      fc.property(anyPath, anyPath, fc.constantFrom("dot", "slash"), (path, other, style) => {
        const pattern = topicPattern(writeTopic(path, style));
        expect(matchesPattern(pattern, new Topic(path))).toBe(true);
        expect(matchesPattern(pattern, new Topic(other))).toBe(path === other);
      }),
      { numRuns: 1_000 },
    );
  });

  it("has a style by whether there is a slash", () => {
    expect(topicStyle("a.b")).toBe("dot");
    expect(topicStyle("a/b.c")).toBe("slash");
  });
});
