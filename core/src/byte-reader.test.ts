import fc from "fast-check";
import { expect, test } from "vitest";
import { asBuffer, ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { BrokerError } from "./errors.ts";

test("numbers and text come back as they were written, at any size hint", () => {
  const content = fc.record({
    sizeHint: fc.nat(64),
    u8: fc.nat(255),
    u16: fc.nat(65_535),
    u32: fc.nat(2 ** 32 - 1),
    u64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    i8: fc.integer({ min: -128, max: 127 }),
    i16: fc.integer({ min: -32_768, max: 32_767 }),
    i32: fc.integer(),
    i64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    f32: fc.float(),
    f64: fc.double(),
    bytes: fc.uint8Array(),
    text: fc.string({ unit: "grapheme" }),
  });
  fc.assert(
    fc.property(content, (want) => {
      const writer = new ByteWriter(want.sizeHint);
      const lengthAt = writer.reserve(4);
      writer.uint8(want.u8).uint16(want.u16).uint32(want.u32).uint64(want.u64);
      writer.int8(want.i8).int16(want.i16).int32(want.i32).int64(want.i64);
      writer.float32(want.f32).float64(want.f64).bytes(want.bytes).utf8(want.text);
      writer.setUint32(lengthAt, writer.length);
      const bytes = writer.finish();
      const reader = new ByteReader(
        Buffer.concat([Buffer.from("junk"), bytes, Buffer.from("junk")]),
        4,
        4 + bytes.length,
      );

      expect(reader.uint32()).toBe(bytes.length);
      expect([reader.uint8(), reader.uint16(), reader.uint32()]).toEqual([want.u8, want.u16, want.u32]);
      expect(reader.uint64()).toBe(want.u64);
      expect([reader.int8(), reader.int16(), reader.int32()]).toEqual([want.i8, want.i16, want.i32]);
      expect(reader.int64()).toBe(want.i64);
      expect([reader.float32(), reader.float64()]).toEqual([want.f32, want.f64]);
      expect([...reader.take(want.bytes.length)]).toEqual([...want.bytes]);
      expect(reader.utf8(reader.left)).toBe(want.text);
      expect([reader.left, reader.at]).toEqual([0, 4 + bytes.length]);
    }),
  );
});

test.each([
  ["uint8", 0],
  ["uint16", 1],
  ["uint32", 3],
  ["uint64", 7],
  ["int8", 0],
  ["int16", 1],
  ["int32", 3],
  ["int64", 7],
  ["float32", 3],
  ["float64", 7],
] as const)("%s of only %d bytes is malformed", (kind, byteCount) => {
  // The bytes are there, but behind the end.
  const reader = new ByteReader(new Uint8Array(32), 0, byteCount);
  expect(() => reader[kind]()).toThrow(BrokerError);
});

test("text that is not UTF-8 is malformed, and so is more than there is", () => {
  expect(() => new ByteReader(new Uint8Array([0xc3, 0x28])).utf8(2)).toThrow(BrokerError);
  expect(() => new ByteReader(new Uint8Array(2)).take(3)).toThrow(BrokerError);
});

test("bytes are seen as a buffer without being copied", () => {
  const bytes = new Uint8Array([1, 2, 3, 4]).subarray(1, 3);
  const buffer = asBuffer(bytes);
  bytes[0] = 9;
  expect([...buffer]).toEqual([9, 3]);
  expect(asBuffer(buffer)).toBe(buffer);
});
