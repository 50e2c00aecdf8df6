import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeRecord, encodeRecord } from "./record.ts";
import { headers } from "./value.arbitraries.ts";

test("what goes into a record comes out of it", () => {
  fc.assert(
    fc.property(headers, (written) => {
      expect(decodeRecord(encodeRecord({ written }))).toEqual({ written });
    }),
  );
});

test.each([NaN, Infinity, -Infinity, -0, 0, 1.5])("a number that JSON lacks is kept: %d", (number) => {
  expect(Object.is(decodeRecord(encodeRecord(number)), number)).toBe(true);
});

test("bytes come back as bytes, also those of a Buffer", () => {
  expect(decodeRecord(encodeRecord({ a: Buffer.from([1, 2]), b: 2n }))).toEqual({
    a: new Uint8Array([1, 2]),
    b: 2n,
  });
});

test("what is undefined is absent", () => {
  expect(decodeRecord(encodeRecord({ a: undefined, b: 1 }))).toEqual({ b: 1 });
});
