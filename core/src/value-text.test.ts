import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findHeader, text, type Value } from "./value.ts";
import { values } from "./value.arbitraries.ts";
import { bytesToText, textToBytes, valueToText } from "./value-text.ts";

const rows: readonly (readonly [Value, string])[] = [
  [text("ü"), "ü"],
  [{ type: "boolean", value: false }, "false"],
  [{ type: "int8", value: -5 }, "-5"],
  [{ type: "int64", value: -(2n ** 63n) }, "-9223372036854775808"],
  [{ type: "float64", value: 0.1 }, "0.1"],
  [{ type: "decimal", scale: 2, unscaled: 314 }, "3.14"],
  [{ type: "decimal", scale: 3, unscaled: -5 }, "-0.005"],
  [{ type: "decimal", scale: 0, unscaled: 7 }, "7"],
  [{ type: "bytes", value: new Uint8Array([255, 0]) }, "base64:/wA="],
  [{ type: "timestamp", value: 1_700_000_000n }, "1700000000"],
  [{ type: "void" }, ""],
  [
    { type: "array", value: [{ type: "void" }, { type: "int64", value: 2n ** 60n }] },
    `[null,"${2n ** 60n}"]`,
  ],
  [
    {
      type: "table",
      value: [
        ["n", { type: "uint64", value: 5n }],
        ["b", { type: "bytes", value: new Uint8Array([1]) }],
        ["d", { type: "decimal", scale: 1, unscaled: 15 }],
        ["f", { type: "float32", value: 1.5 }],
        ["t", text("x")],
      ],
    },
    '{"n":5,"b":"base64:AQ==","d":"1.5","f":1.5,"t":"x"}',
  ],
];

describe("a value has one text form", () => {
  test.each(rows.map(([value, want]) => ({ value, want })))("$want", ({ value, want }) => {
    expect(valueToText(value)).toBe(want);
  });
});

test("every value has a text form", () => {
  fc.assert(
    fc.property(values, (value) => {
      expect(typeof valueToText(value)).toBe("string");
    }),
  );
});

test("bytes come back from their text form, and no other text is taken for one", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(Buffer.from(textToBytes(bytesToText(bytes)) ?? []).equals(bytes)).toBe(true);
    }),
  );
  expect(["abc", "base64:%", "base64:AQ", "base64:AQ==="].map(textToBytes)).toEqual(Array(4).fill(undefined));
});

test("the first header of a name is found", () => {
  expect(
    findHeader(
      [
        ["a", text("1")],
        ["a", text("2")],
      ],
      "a",
    ),
  ).toEqual(text("1"));
  expect(findHeader([], "a")).toBeUndefined();
});

test("a float of 32 bits is the shortest text that reads back alike in 32 bits", () => {
  fc.assert(
    fc.property(fc.float(), (value) => {
      const shown = valueToText({ type: "float32", value });
      expect(Object.is(Math.fround(Number(shown)), value) || Number(shown) === value).toBe(true);
      expect(shown.length).toBeLessThanOrEqual(String(value).length);
    }),
  );
  expect(valueToText({ type: "float32", value: Math.fround(0.1) })).toBe("0.1");
});
