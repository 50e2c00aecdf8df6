import fc from "fast-check";
import { expect, test } from "vitest";
import { LevelMap } from "./level-map.ts";

test("it is a map, whatever is put in and taken out", () => {
  const levels = fc.constantFrom(
    "",
    "a",
    "b",
    "a level that is longer than most",
    "\ud800 and more than that",
  );
  const steps = fc.array(fc.tuple(levels, fc.option(fc.nat(), { nil: undefined })), { maxLength: 40 });
  fc.assert(
    fc.property(steps, (changes) => {
      const map = new LevelMap<number>();
      const model = new Map<string, number>();
      for (const [level, value] of changes) {
        if (value === undefined) {
          map.removeChild(level);
          model.delete(level);
        } else {
          map.setChild(level, value);
          model.set(level, value);
        }
        expect(map.child(level)).toBe(value);
        expect(map.hasChildren).toBe(model.size > 0);
      }
      const found = new Map<string, number>();
      map.eachChild((level, value) => found.set(level, value));
      expect(found).toEqual(model);
    }),
  );
});
