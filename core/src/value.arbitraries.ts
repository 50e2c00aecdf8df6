import fc from "fast-check";
import type { Headers, Value } from "./value.ts";

const small = (type: "int8" | "uint8" | "int16" | "uint16" | "int32" | "uint32"): fc.Arbitrary<Value> =>
  fc.nat(127).map((value) => ({ type, value }));

/** Every type of value, nested a few levels deep. */
export const values: fc.Arbitrary<Value> = fc.letrec<{ value: Value; headers: Headers }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.boolean().map((value): Value => ({ type: "boolean", value })),
    small("int8"),
    small("uint32"),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value): Value => ({ type: "int64", value })),
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((value): Value => ({ type: "uint64", value })),
    fc.double().map((value): Value => ({ type: "float64", value })),
    fc.record({ type: fc.constant("decimal" as const), scale: fc.nat(9), unscaled: fc.integer() }),
    fc.string({ unit: "binary" }).map((value): Value => ({ type: "text", value })),
    fc.uint8Array().map((value): Value => ({ type: "bytes", value })),
    fc.bigInt({ min: 0n, max: 2n ** 40n }).map((value): Value => ({ type: "timestamp", value })),
    fc.constant<Value>({ type: "void" }),
    fc.array(tie("value"), { maxLength: 3 }).map((value): Value => ({ type: "array", value })),
    tie("headers").map((value): Value => ({ type: "table", value })),
  ),
  headers: fc.array(
    fc.tuple(fc.string(), tie("value")).map(([name, value]) => [name, value] as const),
    { maxLength: 3 },
  ),
})).value;

export const headers: fc.Arbitrary<Headers> = fc.array(
  fc
    .tuple(fc.constantFrom("a", "b", "x-c", "__proto__"), values)
    .map(([name, value]) => [name, value] as const),
  { maxLength: 4 },
);
