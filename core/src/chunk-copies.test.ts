import fc from "fast-check";
import { expect, test } from "vitest";
import { ChunkCopies } from "./chunk-copies.ts";

const CHUNK_BYTES = 20_000;

test("pieces of a chunk stay as they were, large or small, in any order, whatever becomes of the chunk", () => {
  const places = fc.tuple(fc.nat(CHUNK_BYTES), fc.oneof(fc.nat(300), fc.nat(12_000)));
  fc.assert(
    fc.property(fc.array(places, { maxLength: 20 }), (pieces) => {
      const chunk = Uint8Array.from({ length: CHUNK_BYTES }, (_, at) => (at * 31) >> 3);
      const copies = new ChunkCopies();
      const taken = pieces.map(([start, byteCount]) => {
        const end = Math.min(start + byteCount, CHUNK_BYTES);
        return { want: Buffer.from(chunk.subarray(start, end)), got: copies.take(chunk, start, end) };
      });
      copies.release();
      chunk.fill(0);

      for (const { want, got } of taken) expect(want.equals(got)).toBe(true);
    }),
  );
});

test("neighbours are copied together, and an empty piece is no reason to copy anything", () => {
  const chunk = new Uint8Array(CHUNK_BYTES);
  const copies = new ChunkCopies();

  const empty = copies.take(chunk, 10, 10);
  const [first, second] = [copies.take(chunk, 10, 20), copies.take(chunk, 30, 40)];

  expect(empty.buffer.byteLength).toBe(0);
  expect(second.buffer).toBe(first.buffer);
});
