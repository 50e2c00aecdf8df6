import { amqp, type Cell, rows } from "./cell.ts";

/** A header's type in AMQP's letter, how amqplib sends it, and its text. */
interface TypedHeader {
  readonly letter: string;
  readonly what: string;
  readonly value: unknown;
  readonly text: string;
}

const typed = (type: string, value: unknown): object => ({ "!": type, value });

const HEADERS: readonly TypedHeader[] = [
  { letter: "S", what: "text", value: "grün", text: "grün" },
  { letter: "x", what: "bytes", value: Buffer.from([0xff, 0, 0xfe]), text: "base64:/wD+" },
  { letter: "x", what: "padded bytes", value: Buffer.from([0xff]), text: "base64:/w==" },
  { letter: "x", what: "bytes that happen to be text", value: Buffer.from("abc"), text: "base64:YWJj" },
  { letter: "b", what: "8 bit", value: typed("int8", -5), text: "-5" },
  { letter: "B", what: "8 bit unsigned", value: typed("uint8", 250), text: "250" },
  { letter: "s", what: "16 bit", value: typed("int16", -30_000), text: "-30000" },
  { letter: "u", what: "16 bit unsigned", value: typed("uint16", 60_000), text: "60000" },
  { letter: "I", what: "32 bit", value: typed("int32", -2_000_000_000), text: "-2000000000" },
  { letter: "i", what: "32 bit unsigned", value: typed("uint32", 4_000_000_000), text: "4000000000" },
  { letter: "l", what: "64 bit", value: typed("int64", 9_007_199_254_740_993n), text: "9007199254740993" },
  {
    letter: "l",
    what: "64 bit below zero",
    value: typed("int64", -9_007_199_254_740_993n),
    text: "-9007199254740993",
  },
  { letter: "f", what: "float", value: typed("float", 21.5), text: "21.5" },
  { letter: "f", what: "float without a short binary form", value: typed("float", 0.1), text: "0.1" },
  { letter: "d", what: "double", value: typed("double", 21.5), text: "21.5" },
  { letter: "d", what: "double without a short binary form", value: typed("double", 0.1), text: "0.1" },
  { letter: "d", what: "whole double", value: typed("double", 3), text: "3" },
  { letter: "t", what: "true", value: true, text: "true" },
  { letter: "t", what: "false", value: false, text: "false" },
  { letter: "T", what: "timestamp", value: typed("timestamp", 1_700_000_000), text: "1700000000" },
  { letter: "D", what: "decimal", value: typed("decimal", { places: 2, digits: 1_234 }), text: "12.34" },
  { letter: "D", what: "small decimal", value: typed("decimal", { places: 3, digits: 5 }), text: "0.005" },
  { letter: "D", what: "whole decimal", value: typed("decimal", { places: 0, digits: 7 }), text: "7" },
  { letter: "V", what: "void", value: null, text: "" },
  {
    letter: "F",
    what: "table",
    value: { n: 1, s: "ü", t: true, f: 1.5, v: null, x: Buffer.from([0xff]), a: [1, "b"], o: { p: 2 } },
    text: '{"n":1,"s":"ü","t":true,"f":1.5,"v":null,"x":"base64:/w==","a":[1,"b"],"o":{"p":2}}',
  },
  { letter: "A", what: "array", value: [1, "b", false, { p: 2 }], text: '[1,"b",false,{"p":2}]' },
];

/** mapping.md §4.4, AMQP's types as text. */
export const TYPED_CELLS: readonly Cell[] = HEADERS.flatMap(({ letter, what, value, text }) => [
  ...rows("4.4", "mqtt5", [
    {
      name: `${letter}, ${what}, is ${JSON.stringify(text)}`,
      sent: amqp({ headers: { value } }),
      with: { userProperties: { value: text } },
    },
  ]),
  ...rows("4.4", "stomp1.2", [
    {
      name: `${letter}, ${what}, is ${JSON.stringify(text)}`,
      sent: amqp({ headers: { value } }),
      with: { value: text },
    },
  ]),
]);
