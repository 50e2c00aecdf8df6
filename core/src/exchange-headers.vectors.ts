import type { HeaderMatch } from "./binding.ts";
import { type Headers, text, type Value } from "./value.ts";

const int = (value: number): Value => ({ type: "int32", value });

/** What RabbitMQ's documentation of headers exchanges says, row by row. */
export const HEADER_MATCHES: readonly {
  readonly name: string;
  readonly match: HeaderMatch | undefined;
  readonly present: Headers;
  readonly isSelected: boolean;
}[] = [
  { name: "no arguments select everything", match: undefined, present: [], isSelected: true },
  { name: "all of none", match: { mode: "all", headers: [] }, present: [["a", int(1)]], isSelected: true },
  { name: "any of none", match: { mode: "any", headers: [] }, present: [["a", int(1)]], isSelected: false },
  {
    name: "all, and all are there",
    match: {
      mode: "all",
      headers: [
        ["a", int(1)],
        ["b", text("x")],
      ],
    },
    present: [
      ["b", text("x")],
      ["a", int(1)],
      ["c", int(2)],
    ],
    isSelected: true,
  },
  {
    name: "all, and one differs",
    match: {
      mode: "all",
      headers: [
        ["a", int(1)],
        ["b", text("x")],
      ],
    },
    present: [
      ["a", int(1)],
      ["b", text("y")],
    ],
    isSelected: false,
  },
  {
    name: "any, and one is there",
    match: {
      mode: "any",
      headers: [
        ["a", int(1)],
        ["b", text("x")],
      ],
    },
    present: [["b", text("x")]],
    isSelected: true,
  },
  {
    name: "any, and none is there",
    match: { mode: "any", headers: [["a", int(1)]] },
    present: [["a", int(2)]],
    isSelected: false,
  },
  {
    name: "all ignores names with x-",
    match: { mode: "all", headers: [["x-a", int(1)]] },
    present: [],
    isSelected: true,
  },
  {
    name: "any ignores names with x-",
    match: { mode: "any", headers: [["x-a", int(1)]] },
    present: [["x-a", int(1)]],
    isSelected: false,
  },
  {
    name: "all-with-x does not",
    match: { mode: "all-with-x", headers: [["x-a", int(1)]] },
    present: [],
    isSelected: false,
  },
  {
    name: "any-with-x does not",
    match: { mode: "any-with-x", headers: [["x-a", int(1)]] },
    present: [["x-a", int(1)]],
    isSelected: true,
  },
  {
    name: "nothing asks for presence only",
    match: { mode: "all", headers: [["a", { type: "void" }]] },
    present: [["a", text("whatever")]],
    isSelected: true,
  },
  {
    name: "nothing is not there",
    match: { mode: "all", headers: [["a", { type: "void" }]] },
    present: [["b", { type: "void" }]],
    isSelected: false,
  },
  {
    name: "of several headers of one name any may be the one",
    match: { mode: "all", headers: [["a", text("2")]] },
    present: [
      ["a", text("1")],
      ["a", text("2")],
    ],
    isSelected: true,
  },
];

const number = (type: "int8" | "uint32" | "float32" | "float64", value: number): Value => ({ type, value });

/** Values that mean the same though their types differ, and some that do not. */
export const EQUALITIES: readonly (readonly [a: Value, b: Value, isEqual: boolean])[] = [
  [number("int8", 5), number("uint32", 5), true],
  [number("int8", 5), { type: "int64", value: 5n }, true],
  [number("float64", 5), { type: "uint64", value: 5n }, true],
  [number("float32", 0.5), { type: "decimal", scale: 1, unscaled: 5 }, true],
  [number("int8", 5), text("5"), false],
  [number("int8", 1), { type: "boolean", value: true }, false],
  [{ type: "boolean", value: true }, { type: "boolean", value: true }, true],
  [text("é"), { type: "bytes", value: Buffer.from("é") }, true],
  [text("é"), { type: "bytes", value: Buffer.from("é", "latin1") }, false],
  [{ type: "timestamp", value: 1n }, { type: "timestamp", value: 1n }, true],
  [{ type: "timestamp", value: 1n }, { type: "int64", value: 1n }, false],
  [{ type: "void" }, { type: "void" }, true],
  [{ type: "void" }, text(""), false],
  [{ type: "array", value: [text("a")] }, { type: "array", value: [text("a")] }, true],
  [{ type: "array", value: [text("a")] }, { type: "array", value: [text("a"), text("b")] }, false],
  [{ type: "table", value: [["a", number("int8", 1)]] }, { type: "table", value: [["a", int(1)]] }, true],
  [{ type: "table", value: [["a", int(1)]] }, { type: "table", value: [["b", int(1)]] }, false],
];
