import fc from "fast-check";
import { expect, test } from "vitest";
import { RemovedEntries } from "./removed-entries.ts";

test("what was removed is known, in whatever order it went", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 30 })), fc.boolean(), (positions, inOrder) => {
      if (inOrder) positions.sort((a, b) => a - b);
      const removed = new RemovedEntries();
      for (const position of positions) removed.add({ position, deliveryCount: 0, reference: 0 });

      expect(removed.size).toBe(positions.length);
      const all = Array.from({ length: 32 }, (_, position) => position);
      const isRemoved = (position: number): boolean => positions.includes(position);
      expect(all.filter((position) => removed.has(position))).toEqual(all.filter(isRemoved));
      const ranges = [...removed.ranges()];
      expect(all.filter((at) => ranges.some(({ first, last }) => at >= first && at <= last))).toEqual(
        all.filter(isRemoved),
      );
    }),
  );
});

test("a queue that is read in order costs one range, however long it is", () => {
  const removed = new RemovedEntries();
  for (let position = 1; position <= 1000; position++)
    removed.add({ position, deliveryCount: position === 7 ? 2 : 0, reference: position === 9 ? 5 : 0 });

  expect([...removed.ranges()]).toEqual([{ first: 1, last: 1000 }]);
  expect(removed.encumbered.map(({ position }) => position)).toEqual([7, 9]);
});
