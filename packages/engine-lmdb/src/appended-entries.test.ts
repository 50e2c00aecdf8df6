import fc from "fast-check";
import { expect, it } from "vitest";
import { AppendedEntries } from "./appended-entries.ts";

it("has what a map has, with gaps between positions and after deletions", () => {
  const gaps = fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 40 });
  const doomed = fc.array(fc.nat(100), { maxLength: 40 });
  fc.assert(
    fc.property(gaps, doomed, fc.nat(100), (steps, positions, from) => {
      const entries = new AppendedEntries<{ readonly position: number }>();
      const model = new Map<number, { readonly position: number }>();
      let position = 5;
      for (const step of steps) {
        const entry = { position: (position += step) };
        entries.push(entry);
        model.set(position, entry);
      }

      for (const each of positions) expect(entries.delete(each)).toBe(model.delete(each));

      const all: { readonly position: number }[] = [];
      entries.forEach((entry) => void all.push(entry));
      expect(all).toEqual([...model.values()]);
      expect(entries.size).toBe(model.size);
      expect([...entries.from(from)]).toEqual([...model.values()].filter((entry) => entry.position >= from));
    }),
  );
});
