import fc from "fast-check";
import { expect, test } from "vitest";
import { GenerationCache } from "./generation-cache.ts";

test("a cache never gives a wrong value, never holds more than its capacity, and keeps what was just set", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 20 }),
      fc.array(fc.tuple(fc.boolean(), fc.nat(30))),
      (capacity, steps) => {
        const cache = new GenerationCache<number, number>(capacity);
        const model = new Map<number, number>();
        let value = 0;
        for (const [isSet, key] of steps) {
          if (isSet) {
            cache.set(key, ++value);
            model.set(key, value);
            expect(cache.get(key)).toBe(value);
          } else {
            const found = cache.get(key);
            if (found !== undefined) expect(found).toBe(model.get(key));
          }
          expect(cache.size).toBeLessThanOrEqual(capacity);
        }
      },
    ),
  );
});

test("what is used stays, what is not used goes", () => {
  const cache = new GenerationCache<string, number>(8);
  cache.set("used", 1);
  cache.set("unused", 2);
  for (let i = 0; i < 100; i++) {
    cache.set(`other ${i}`, i);
    expect(cache.get("used")).toBe(1);
  }
  expect(cache.get("unused")).toBeUndefined();
});

test("nothing is there after clear", () => {
  const cache = new GenerationCache<string, number>(4);
  for (const key of ["a", "b", "c"]) cache.set(key, 1);
  cache.clear();
  expect([cache.size, cache.get("a"), cache.get("c")]).toEqual([0, undefined, undefined]);
});
