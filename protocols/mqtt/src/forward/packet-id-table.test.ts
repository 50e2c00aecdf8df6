import fc from "fast-check";
import { expect, test } from "vitest";
import { PacketIdTable } from "./packet-id-table.ts";

const packetId = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 65_535 }));

test("a table of packet identifiers says of each what was said last, and counts those in use", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(packetId, fc.integer({ min: 0, max: 3 }))), (changes) => {
      const table = new PacketIdTable();
      const model = new Map<number, number>();
      for (const [id, phase] of changes) {
        table.set(id, phase);
        model.set(id, phase);
        expect(table.count).toBe([...model.values()].filter((each) => each > 0).length);
      }
      for (const id of [...model.keys(), 1, 17, 65_535]) expect(table.get(id)).toBe(model.get(id) ?? 0);
      table.clear();
      for (const id of model.keys()) expect(table.get(id)).toBe(0);
      expect(table.count).toBe(0);
    }),
  );
});
