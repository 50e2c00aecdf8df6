import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeTypes, restoreTypes } from "./types-sidecar.ts";
import type { Header, Headers, Value } from "./value.ts";
import { valueToText } from "./value-text.ts";

const anyValue: fc.Arbitrary<Value> = fc.oneof(
  fc.string().map((value): Value => ({ type: "text", value })),
  fc.boolean().map((value): Value => ({ type: "boolean", value })),
  fc.integer({ min: -128, max: 127 }).map((value): Value => ({ type: "int8", value })),
  fc.integer({ min: 0, max: 255 }).map((value): Value => ({ type: "uint8", value })),
  fc.integer({ min: 0, max: 65_535 }).map((value): Value => ({ type: "uint16", value })),
  fc.integer().map((value): Value => ({ type: "int32", value })),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value): Value => ({ type: "int64", value })),
  fc.bigInt({ min: 0n, max: 2n ** 63n }).map((value): Value => ({ type: "timestamp", value })),
  fc
    .double({ noNaN: true, noDefaultInfinity: true })
    .filter((value) => !Object.is(value, -0))
    .map((value): Value => ({ type: "float64", value })),
  fc.uint8Array().map((value): Value => ({ type: "bytes", value: Buffer.from(value) })),
  fc
    .tuple(fc.nat(6), fc.integer({ min: -(2 ** 31) + 1 }))
    .map(([scale, unscaled]): Value => ({ type: "decimal", scale, unscaled })),
  fc.constant<Value>({ type: "void" }),
);

const anyHeaders: fc.Arbitrary<Headers> = fc.array(
  fc.tuple(fc.oneof(fc.constantFrom("a", "b;c=d", "100%", "%3B"), fc.string()), anyValue),
  { maxLength: 8 },
);

function roundTrip(headers: Headers): Headers {
  const lines = headers.map(([name, value]) => [name, valueToText(value)] as const);
  const types = encodeTypes(headers);
  return types === undefined
    ? lines.map(([name, value]): Header => [name, { type: "text", value }])
    : restoreTypes(lines, types);
}

describe("the types of headers beside their text", () => {
  it("brings every simple value back, repeated names and odd ones too", () => {
    fc.assert(
      fc.property(anyHeaders, (headers) => {
        expect(roundTrip(headers)).toEqual(headers);
      }),
      { numRuns: 500 },
    );
  });

  it("names only what is no text", () => {
    const headers: Headers = [
      ["n", { type: "int8", value: 1 }],
      ["s", { type: "text", value: "x" }],
      ["ok", { type: "boolean", value: true }],
      ["pos", { type: "table", value: [["x", { type: "float64", value: 1.5 }]] }],
    ];

    expect(encodeTypes(headers)).toBe("n=b;ok=t;pos=F");
    expect(encodeTypes([["s", { type: "text", value: "x" }]])).toBeUndefined();
    expect(roundTrip(headers)).toEqual(headers);
  });

  it.each([
    ["a=b", "1000"],
    ["a=b", "x"],
    ["a=l", "99999999999999999999"],
    ["a=t", "yes"],
    ["a=x", "no base64"],
    ["a=D", "1.2.3"],
    ["a=F", "[1]"],
    ["a=F", "{"],
    ["a=V", "x"],
    ["a=d", ""],
    ["a=?", "1"],
    ["a", "1"],
    ["", "1"],
    [";;==", "1"],
    ["a=A", "[".repeat(40) + "]".repeat(40)],
  ])("leaves as text what %j does not fit: %j", (types, written) => {
    expect(restoreTypes([["a", written]], types)).toEqual([["a", { type: "text", value: written }]]);
  });
});
