import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Batch, type Part } from "./batch.ts";

const piece = fc.record({
  bytes: fc.oneof(
    fc.uint8Array({ maxLength: 20 }),
    fc.integer({ min: 8000, max: 9000 }).map((size) => new Uint8Array(size).fill(size % 256)),
  ),
  isText: fc.boolean(),
});

/** All bytes in order, with a mark where text begins and ends. */
function contents(pieces: readonly Part[], keepsText: boolean): string {
  const marked = pieces
    .filter(({ bytes }) => bytes.length > 0)
    .map(({ bytes, isText }) => {
      const hex = Buffer.from(bytes).toString("hex");
      return isText && keepsText ? `<${hex}>` : hex;
    });
  return marked.join("").replaceAll("><", "");
}

describe("a batch", () => {
  it("gives back every byte in order, text apart from other bytes when it must be", () => {
    fc.assert(
      fc.property(fc.array(piece), fc.boolean(), (pieces, keepsText) => {
        const batch = new Batch(keepsText);
        for (const { bytes, isText } of pieces) batch.add(bytes, isText);
        const counted = batch.byteCount;

        const parts = batch.take();

        expect(contents(parts, true)).toBe(contents(pieces, keepsText));
        expect(counted).toBe(pieces.reduce((sum, { bytes }) => sum + bytes.length, 0));
        expect(batch.byteCount).toBe(0);
        expect(batch.take()).toStrictEqual([]);
      }),
      { numRuns: 50 },
    );
  });

  it("copies small neighbours together, and passes a large piece on as it is", () => {
    const batch = new Batch(false);
    const large = new Uint8Array(10_000);
    for (const bytes of [new Uint8Array(1), new Uint8Array(2), large, new Uint8Array(3)])
      batch.add(bytes, false);

    const parts = batch.take();

    expect(parts.map(({ bytes }) => bytes.length)).toStrictEqual([3, 10_000, 3]);
    expect(parts[1]?.bytes).toBe(large);
  });
});
