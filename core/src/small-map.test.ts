import fc from "fast-check";
import { expect, test } from "vitest";
import { SmallMap } from "./small-map.ts";

test("it is a map, whatever is put in and taken out", () => {
  const steps = fc.array(
    fc.tuple(fc.constantFrom("", "a", "b", "c"), fc.option(fc.nat(), { nil: undefined })),
  );
  fc.assert(
    fc.property(steps, (changes) => {
      const map = new SmallMap<string, number>();
      const model = new Map<string, number>();
      for (const [key, value] of changes) {
        if (value === undefined) {
          expect(map.delete(key)).toBe(model.delete(key));
        } else {
          map.set(key, value);
          model.set(key, value);
        }
        expect([map.get(key), map.size]).toEqual([value, model.size]);
      }
      const found = new Map<string, number>();
      map.forEach((value, key) => found.set(key, value));
      expect(found).toEqual(model);
      expect(new Map(map)).toEqual(model);
    }),
  );
});
