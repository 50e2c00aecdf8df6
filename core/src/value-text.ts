import { asBuffer } from "./byte-reader.ts";
import type { Value } from "./value.ts";

/** Begins the text form of bytes that are no text; standard, padded base64 follows. */
export const BASE64_PREFIX = "base64:";

/**
 * A typed value for protocols whose headers are text: numbers as the shortest text that reads back alike,
 * bytes as `base64:…`, timestamps in seconds, tables and arrays as compact JSON, nothing as the empty text.
 */
export function valueToText(value: Value): string {
  switch (value.type) {
    case "text":
      return value.value;
    case "bytes":
      return bytesToText(value.value);
    case "decimal":
      return decimalToText(value.unscaled, value.scale);
    case "table":
    case "array":
      return JSON.stringify(toJson(value));
    case "void":
      return "";
    case "boolean":
    case "int8":
    case "uint8":
    case "int16":
    case "uint16":
    case "int32":
    case "uint32":
    case "int64":
    case "uint64":
    case "float64":
    case "timestamp":
      return String(value.value);
    case "float32":
      return String(shortestFloat32(value.value));
  }
}

/** Bytes as text: with the prefix, always, so that it can be told from text. */
export function bytesToText(bytes: Uint8Array): string {
  return BASE64_PREFIX + asBuffer(bytes).toString("base64");
}

/** The bytes behind `base64:…`; undefined for any other text. */
export function textToBytes(text: string): Uint8Array | undefined {
  if (!text.startsWith(BASE64_PREFIX)) return undefined;
  const bytes = Buffer.from(text.slice(BASE64_PREFIX.length), "base64");
  return bytesToText(bytes) === text ? bytes : undefined;
}

function decimalToText(unscaled: number, scale: number): string {
  const digits = String(Math.abs(unscaled)).padStart(scale + 1, "0");
  const sign = unscaled < 0 ? "-" : "";
  const point = digits.length - scale;
  return sign + (scale === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`);
}

/** The number of the fewest digits that is the same one in 32 bits: 0.1, where the wider number has 17 digits. */
function shortestFloat32(value: number): number {
  for (let digits = 1; digits <= 9; digits++) {
    const shorter = Number(value.toPrecision(digits));
    if (Math.fround(shorter) === value) return shorter;
  }
  return value;
}

/** JSON has no bigint: what it cannot hold exactly becomes text. */
function toJson(value: Value): unknown {
  switch (value.type) {
    case "table":
      return Object.fromEntries(value.value.map(([name, entry]) => [name, toJson(entry)]));
    case "array":
      return value.value.map(toJson);
    case "void":
      return null;
    case "int64":
    case "uint64":
    case "timestamp":
      return Number.isSafeInteger(Number(value.value)) ? Number(value.value) : String(value.value);
    case "boolean":
    case "int8":
    case "uint8":
    case "int16":
    case "uint16":
    case "int32":
    case "uint32":
    case "float64":
      return value.value;
    case "float32":
      return shortestFloat32(value.value);
    case "text":
    case "bytes":
    case "decimal":
      return valueToText(value);
  }
}
