import { isUtf8 } from "node:buffer";
import {
  BrokerError,
  ByteReader,
  type ByteWriter,
  type Header,
  type Headers,
  text,
  type Value,
  type ValueType,
} from "@dragoman/core";
import { readLongString, shortened, writeLongString, writeShortString } from "./primitives.ts";

/** Tables and arrays within one another; x-death, the deepest that occurs in practice, has three. */
export const MAX_DEPTH = 64;

/**
 * A field table with its length in front, in the order of the wire, repeated names included.
 *
 * @param depth tables and arrays around this one
 * @throws BrokerError "malformed" when a length lies, a type is unknown or the nesting passes `MAX_DEPTH`
 * @see AMQP 0-9-1 §4.2.5.5
 */
export function readTable(reader: ByteReader, depth = 0): Headers {
  const fields = enclosed(reader, depth);
  const headers: Header[] = [];
  while (fields.left > 0) headers.push([readName(fields), readValue(fields, depth)]);
  return headers;
}

/**
 * RabbitMQ passes any bytes for a name; those that are not UTF-8 still name a field, if an odd one, and no longer than
 * can be written again.
 */
function readName(reader: ByteReader): string {
  return shortened(reader.take(reader.uint8()).toString("utf8"));
}

/** @throws BrokerError "too-large" when a name has more than 255 bytes */
export function writeTable(writer: ByteWriter, headers: Headers): void {
  const lengthAt = writer.reserve(4);
  for (const [name, value] of headers) {
    writeShortString(writer, name);
    writeValue(writer, value);
  }
  writer.setUint32(lengthAt, writer.length - lengthAt - 4);
}

/** What a table or array encloses, as far as its own length reaches and no further. */
function enclosed(reader: ByteReader, depth: number): ByteReader {
  if (depth >= MAX_DEPTH) throw new BrokerError("malformed", `field table nested deeper than ${MAX_DEPTH}`);
  return new ByteReader(reader.take(reader.uint32()));
}

const yes: Value = { type: "boolean", value: true };
const no: Value = { type: "boolean", value: false };
const nothing: Value = { type: "void" };

/**
 * By type letter, as RabbitMQ and Qpid speak them: third column of "Field types" in RabbitMQ's errata to
 * AMQP 0-9-1, where `l` and `L` are both signed.
 */
const readers: { readonly [letter: string]: (reader: ByteReader, depth: number) => Value } = {
  t: (reader) => (reader.uint8() === 0 ? no : yes),
  b: (reader) => ({ type: "int8", value: reader.int8() }),
  B: (reader) => ({ type: "uint8", value: reader.uint8() }),
  s: (reader) => ({ type: "int16", value: reader.int16() }),
  u: (reader) => ({ type: "uint16", value: reader.uint16() }),
  I: (reader) => ({ type: "int32", value: reader.int32() }),
  i: (reader) => ({ type: "uint32", value: reader.uint32() }),
  l: (reader) => ({ type: "int64", value: reader.int64() }),
  L: (reader) => ({ type: "int64", value: reader.int64() }),
  f: (reader) => ({ type: "float32", value: reader.float32() }),
  d: (reader) => ({ type: "float64", value: reader.float64() }),
  D: (reader) => ({ type: "decimal", scale: reader.uint8(), unscaled: reader.int32() }),
  S: readText,
  x: (reader) => ({ type: "bytes", value: readLongString(reader) }),
  T: (reader) => ({ type: "timestamp", value: reader.uint64() }),
  F: (reader, depth) => ({ type: "table", value: readTable(reader, depth + 1) }),
  A: readArray,
  V: () => nothing,
};

/** The same by octet, so that reading needs no string. */
const readersByTag = Array.from({ length: 256 }, (_, tag) => readers[String.fromCharCode(tag)]);

/** One value behind its type octet. Byte strings are views into what was read. */
function readValue(reader: ByteReader, depth: number): Value {
  const tag = reader.uint8();
  const read = readersByTag[tag];
  if (read === undefined) throw new BrokerError("malformed", `field value of unknown type ${tag}`);
  return read(reader, depth);
}

/** A long string need not be text; what is not UTF-8 must not be bent into it. */
function readText(reader: ByteReader): Value {
  const bytes = reader.take(reader.uint32());
  return isUtf8(bytes) ? { type: "text", value: bytes.toString("utf8") } : { type: "bytes", value: bytes };
}

function readArray(reader: ByteReader, depth: number): Value {
  const items = enclosed(reader, depth + 1);
  const value: Value[] = [];
  while (items.left > 0) value.push(readValue(items, depth + 1));
  return { type: "array", value };
}

/** The type octet that each of our types leaves with. */
const tags: { readonly [T in ValueType]: number } = {
  boolean: octet("t"),
  int8: octet("b"),
  uint8: octet("B"),
  int16: octet("s"),
  uint16: octet("u"),
  int32: octet("I"),
  uint32: octet("i"),
  int64: octet("l"),
  uint64: octet("l"),
  float32: octet("f"),
  float64: octet("d"),
  decimal: octet("D"),
  text: octet("S"),
  bytes: octet("x"),
  timestamp: octet("T"),
  table: octet("F"),
  array: octet("A"),
  void: octet("V"),
};

function octet(letter: string): number {
  return letter.charCodeAt(0);
}

type NumberValue = Extract<Value, { readonly value: number }>;

const numberWriters: {
  readonly [T in NumberValue["type"]]: (writer: ByteWriter, value: number) => void;
} = {
  int8: (writer, value) => writer.int8(value),
  uint8: (writer, value) => writer.uint8(value),
  int16: (writer, value) => writer.int16(value),
  uint16: (writer, value) => writer.uint16(value),
  int32: (writer, value) => writer.int32(value),
  uint32: (writer, value) => writer.uint32(value),
  float32: (writer, value) => writer.float32(value),
  float64: (writer, value) => writer.float64(value),
};

function isNumber(value: Value): value is NumberValue {
  return Object.hasOwn(numberWriters, value.type);
}

function writeValue(writer: ByteWriter, value: Value): void {
  if (value.type === "uint64" && BigInt.asIntN(64, value.value) !== value.value) {
    // The dialect has no unsigned 64-bit integer; what does not fit the signed one goes as digits.
    return writeValue(writer, text(value.value.toString()));
  }
  writer.uint8(tags[value.type]);
  if (isNumber(value)) return numberWriters[value.type](writer, value.value);
  writeOther(writer, value);
}

function writeOther(writer: ByteWriter, value: Exclude<Value, NumberValue>): void {
  switch (value.type) {
    case "boolean":
      writer.uint8(value.value ? 1 : 0);
      return;
    case "int64":
    case "uint64":
      writer.int64(value.value);
      return;
    case "decimal":
      writer.uint8(value.scale).int32(value.unscaled);
      return;
    case "text":
      writer.uint32(Buffer.byteLength(value.value)).utf8(value.value);
      return;
    case "bytes":
      writeLongString(writer, value.value);
      return;
    case "timestamp":
      writer.uint64(value.value);
      return;
    case "table":
      writeTable(writer, value.value);
      return;
    case "array":
      writeArray(writer, value.value);
      return;
    case "void":
      return;
  }
}

function writeArray(writer: ByteWriter, items: readonly Value[]): void {
  const lengthAt = writer.reserve(4);
  for (const item of items) writeValue(writer, item);
  writer.setUint32(lengthAt, writer.length - lengthAt - 4);
}
