import type { Headers } from "@dragoman/core";

/** Tables without their own length in front, in hex; names and values as RabbitMQ's dialect has them. */
export const tables: readonly { name: string; wire: string; want: Headers }[] = [
  { name: "an empty table", wire: "", want: [] },
  { name: "true", wire: "01 61 74 01", want: [["a", { type: "boolean", value: true }]] },
  { name: "any octet but 0 as true", wire: "01 61 74 ff", want: [["a", { type: "boolean", value: true }]] },
  { name: "b as signed 8 bits", wire: "01 61 62 ff", want: [["a", { type: "int8", value: -1 }]] },
  { name: "B as unsigned 8 bits", wire: "01 61 42 ff", want: [["a", { type: "uint8", value: 255 }]] },
  { name: "s as signed 16 bits", wire: "01 61 73 ff fe", want: [["a", { type: "int16", value: -2 }]] },
  { name: "u as unsigned 16 bits", wire: "01 61 75 ff fe", want: [["a", { type: "uint16", value: 65534 }]] },
  { name: "I as signed 32 bits", wire: "01 61 49 ff ff ff fd", want: [["a", { type: "int32", value: -3 }]] },
  {
    name: "i as unsigned 32 bits",
    wire: "01 61 69 ff ff ff ff",
    want: [["a", { type: "uint32", value: 4294967295 }]],
  },
  {
    name: "l as signed 64 bits",
    wire: "01 61 6c ff ff ff ff ff ff ff ff",
    want: [["a", { type: "int64", value: -1n }]],
  },
  { name: "f", wire: "01 61 66 3f c0 00 00", want: [["a", { type: "float32", value: 1.5 }]] },
  { name: "d", wire: "01 61 64 3f f8 00 00 00 00 00 00", want: [["a", { type: "float64", value: 1.5 }]] },
  {
    name: "D with a signed value",
    wire: "01 61 44 02 ff ff ff ff",
    want: [["a", { type: "decimal", scale: 2, unscaled: -1 }]],
  },
  { name: "S as text", wire: "01 61 53 00 00 00 02 c3 a9", want: [["a", { type: "text", value: "é" }]] },
  {
    name: "x as bytes",
    wire: "01 61 78 00 00 00 02 c3 a9",
    want: [["a", { type: "bytes", value: Buffer.from([0xc3, 0xa9]) }]],
  },
  {
    name: "T as seconds",
    wire: "01 61 54 00 00 00 00 65 00 00 00",
    want: [["a", { type: "timestamp", value: 0x65000000n }]],
  },
  { name: "V", wire: "01 61 56", want: [["a", { type: "void" }]] },
  {
    name: "F within",
    wire: "01 61 46 00 00 00 04 01 62 74 00",
    want: [["a", { type: "table", value: [["b", { type: "boolean", value: false }]] }]],
  },
  {
    name: "A with two types",
    wire: "01 61 41 00 00 00 03 62 01 56",
    want: [["a", { type: "array", value: [{ type: "int8", value: 1 }, { type: "void" }] }]],
  },
  {
    name: "a name twice, in order",
    wire: "01 61 62 01 01 61 62 02",
    want: [
      ["a", { type: "int8", value: 1 }],
      ["a", { type: "int8", value: 2 }],
    ],
  },
  { name: "an empty name", wire: "00 56", want: [["", { type: "void" }]] },
];

/** Read like others, but never written. */
export const tablesReadOnly: readonly { name: string; wire: string; want: Headers }[] = [
  {
    name: "L as signed 64 bits",
    wire: "01 61 4c ff ff ff ff ff ff ff ff",
    want: [["a", { type: "int64", value: -1n }]],
  },
  {
    name: "S that is not UTF-8 as bytes",
    wire: "01 61 53 00 00 00 01 ff",
    want: [["a", { type: "bytes", value: Buffer.from([0xff]) }]],
  },
];

/** Whole tables, their length in front, that must be refused. */
export const refusedTables: readonly { name: string; wire: string }[] = [
  { name: "no length", wire: "00 00 00" },
  { name: "a length that passes the end", wire: "00 00 00 05 01 61 74 01" },
  { name: "a name that passes the end", wire: "00 00 00 02 05 61" },
  { name: "a name without a value", wire: "00 00 00 02 01 61" },
  { name: "an unknown type", wire: "00 00 00 04 01 61 55 01" },
  { name: "a number cut short", wire: "00 00 00 05 01 61 49 00 00" },
  { name: "a text that passes the table's end", wire: "00 00 00 07 01 61 53 00 00 00 05 61 62 63 64 65" },
  { name: "an inner table that passes the outer", wire: "00 00 00 07 01 61 46 00 00 00 09 01 62 74 01" },
  { name: "an array whose item passes its end", wire: "00 00 00 09 01 61 41 00 00 00 02 49 00" },
];
