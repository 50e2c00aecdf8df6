import type { Headers, Value } from "@dragoman/core";
import fc from "fast-check";

const int = (bits: number): fc.Arbitrary<number> =>
  fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 });
const uint = (bits: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: 2 ** bits - 1 });

export const shortString: fc.Arbitrary<string> = fc.string({ unit: "grapheme", maxLength: 20 });

/** Bytes that nobody would take for text, so that they are read back as bytes. */
const notText = fc
  .uint8Array({ maxLength: 20 })
  .map((bytes): Value => ({ type: "bytes", value: Buffer.from([0xff, ...bytes]) }));

const leaf: fc.Arbitrary<Value> = fc.oneof(
  fc.boolean().map((value): Value => ({ type: "boolean", value })),
  int(8).map((value): Value => ({ type: "int8", value })),
  uint(8).map((value): Value => ({ type: "uint8", value })),
  int(16).map((value): Value => ({ type: "int16", value })),
  uint(16).map((value): Value => ({ type: "uint16", value })),
  int(32).map((value): Value => ({ type: "int32", value })),
  uint(32).map((value): Value => ({ type: "uint32", value })),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value): Value => ({ type: "int64", value })),
  fc.float({ noNaN: true }).map((value): Value => ({ type: "float32", value })),
  fc.double({ noNaN: true }).map((value): Value => ({ type: "float64", value })),
  fc.tuple(uint(8), int(32)).map(([scale, unscaled]): Value => ({ type: "decimal", scale, unscaled })),
  shortString.map((value): Value => ({ type: "text", value })),
  notText,
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((value): Value => ({ type: "timestamp", value })),
  fc.constant<Value>({ type: "void" }),
);

const { table } = fc.letrec<{ value: Value; table: Headers }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf,
    fc.array(tie("value"), { maxLength: 4 }).map((value): Value => ({ type: "array", value })),
    tie("table").map((value): Value => ({ type: "table", value })),
  ),
  table: fc.array(fc.tuple(shortString, tie("value")), { maxLength: 5 }),
}));

/** Every type of value, nested, in any order and with repeated names. */
export const fieldTable: fc.Arbitrary<Headers> = table;
