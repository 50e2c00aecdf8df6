import fc from "fast-check";
import { makePattern, MANY, ONE, type Pattern } from "./pattern.ts";
import { Topic } from "./topic.ts";

/** Few levels to choose from, so that patterns and topics often meet; the empty and reserved ones are there. */
const level = fc.constantFrom("a", "b", "", "$sys", "+", "#", "x.y");

export const topics: fc.Arbitrary<Topic> = fc
  .array(level, { maxLength: 6 })
  .map((levels) => new Topic(levels.join("/")));

export const patterns: fc.Arbitrary<Pattern> = fc
  .tuple(fc.array(fc.oneof(level, fc.constant(ONE), fc.constant(MANY)), { maxLength: 6 }), fc.boolean())
  .map(([levels, hidesReserved]) => makePattern(levels, hidesReserved));
