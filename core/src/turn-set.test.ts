import fc from "fast-check";
import { expect, test } from "vitest";
import { TurnSet } from "./turn-set.ts";

test("members are taken in the order in which they came, whoever leaves or comes again", () => {
  const step = fc.record({ do: fc.constantFrom("add", "add", "take", "delete"), member: fc.nat(30) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const turns = new TurnSet<number>();
      const model: number[] = [];
      for (const { do: action, member } of steps) {
        const at = model.indexOf(member);
        if (action === "take") {
          expect(turns.take()).toBe(model.shift());
        } else if (action === "add") {
          turns.add(member);
          if (at === -1) model.push(member);
        } else {
          expect(turns.delete(member)).toBe(at !== -1);
          if (at !== -1) model.splice(at, 1);
        }
        expect([turns.size, turns.has(member)]).toEqual([model.length, model.includes(member)]);
      }
    }),
  );
});
