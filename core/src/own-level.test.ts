import fc from "fast-check";
import { expect, test } from "vitest";
import { ownLevel } from "./own-level.ts";

test("a level for keeps reads the same, odd characters included", () => {
  const levels = fc.string({ unit: "binary", maxLength: 100 });
  fc.assert(fc.property(levels, (level) => ownLevel(level) === level));
  expect(ownLevel("\ud800 and more than that")).toBe("\ud800 and more than that");
});
