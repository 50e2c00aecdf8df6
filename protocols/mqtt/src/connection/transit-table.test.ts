import fc from "fast-check";
import { expect, test } from "vitest";
import { Transit } from "./transit.ts";
import { TransitTable } from "./transit-table.ts";

function transitOf(packetId: number): Transit {
  const nothing = { message: undefined, subscriptions: [], delivery: undefined };
  return new Transit({ packetId, qos: 1, ...nothing, phase: "published", wasSent: false });
}

test("flows are found by their identifiers and kept in their order, however they come and go", () => {
  // Few that differ in their first bits alone, so that they meet, and enough of others to fill and empty a table.
  const packetId = fc.oneof(fc.nat(200), fc.constantFrom(1, 257, 513, 32_769, 65_535));
  fc.assert(
    fc.property(
      fc.array(packetId, { maxLength: 400 }),
      fc.array(packetId, { maxLength: 400 }),
      (some, others) => {
        const table = new TransitTable();
        const model = new Map<number, Transit>();
        // The second time round all that came go again.
        for (const id of [...some, ...others, ...some]) {
          if (model.delete(id)) {
            table.delete(id);
          } else {
            const transit = transitOf(id);
            model.set(id, transit);
            table.add(transit);
          }
          expect(table.get(id)).toBe(model.get(id));
        }

        expect(table.size).toBe(model.size);
        expect(table.inOrder().map((transit) => transit.packetId)).toEqual([...model.keys()]);
        for (const id of [...some, ...others, 40_000]) expect(table.has(id)).toBe(model.has(id));
        table.delete(40_000);
        expect(table.size).toBe(model.size);
      },
    ),
  );
});
