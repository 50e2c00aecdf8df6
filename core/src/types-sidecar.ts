import { BrokerError } from "./errors.ts";
import { type Header, type Headers, text, type Value, type ValueType } from "./value.ts";
import { textToBytes } from "./value-text.ts";

/** The header that tells the types of other headers, for protocols whose headers are text. */
export const TYPES_HEADER = "x-types";

/** The letters of AMQP 0-9-1's field tables, as RabbitMQ uses them. */
const letters = {
  boolean: "t",
  int8: "b",
  uint8: "B",
  int16: "s",
  uint16: "u",
  int32: "I",
  uint32: "i",
  int64: "l",
  uint64: "L",
  float32: "f",
  float64: "d",
  decimal: "D",
  text: "S",
  bytes: "x",
  timestamp: "T",
  table: "F",
  array: "A",
  void: "V",
} as const satisfies Record<ValueType, string>;

/**
 * The types of headers that are sent as text: `n=b;ok=t;pos=F`, one entry for each value of every name that has
 * a value that is no text. Undefined when all are text.
 */
export function encodeTypes(headers: Headers): string | undefined {
  const typed = new Set(headers.filter(([, value]) => value.type !== "text").map(([name]) => name));
  if (typed.size === 0) return undefined;
  return headers
    .filter(([name]) => typed.has(name))
    .map(([name, value]) => `${escapeName(name)}=${letters[value.type]}`)
    .join(";");
}

/**
 * Headers that came as text, with the types that `encodeTypes` wrote. What does not read as its type stays text;
 * inside tables and arrays numbers get the widest type that holds them. What is nested deeper than anybody means stays
 * text, too: whoever writes it needs a call for each level.
 */
export function restoreTypes(
  lines: readonly (readonly [name: string, text: string])[],
  types: string,
): Headers {
  const wanted = new Map<string, string[]>();
  for (const entry of types.split(";")) {
    const at = entry.lastIndexOf("=");
    const name = unescapeName(entry.slice(0, Math.max(at, 0)));
    const known = wanted.get(name);
    if (known === undefined) wanted.set(name, [entry.slice(at + 1)]);
    else known.push(entry.slice(at + 1));
  }
  return lines.map(([name, written]): Header => {
    const letter = wanted.get(name)?.shift() ?? "";
    return [name, readerOfLetter.get(letter)?.(written) ?? text(written)];
  });
}

function escapeName(name: string): string {
  return name.replaceAll(/[%;=]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

function unescapeName(name: string): string {
  return name.replaceAll(/%(25|3B|3D)/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
}

/** Smallest and largest of each type of integer. */
const ranges = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32_768, 32_767],
  uint16: [0, 65_535],
  int32: [-2_147_483_648, 2_147_483_647],
  uint32: [0, 4_294_967_295],
} as const;

/** How the text of each type is read back; undefined for text that it cannot be. */
const readers: { readonly [Type in ValueType]: (written: string) => Value | undefined } = {
  boolean: readBoolean,
  int8: (written) => readInteger("int8", written),
  uint8: (written) => readInteger("uint8", written),
  int16: (written) => readInteger("int16", written),
  uint16: (written) => readInteger("uint16", written),
  int32: (written) => readInteger("int32", written),
  uint32: (written) => readInteger("uint32", written),
  int64: (written) => readLong("int64", written),
  uint64: (written) => readLong("uint64", written),
  float32: (written) => readFloat("float32", written),
  float64: (written) => readFloat("float64", written),
  decimal: readDecimal,
  text,
  bytes: readBytes,
  timestamp: (written) => readLong("timestamp", written),
  table: (written) => readJson("table", written),
  array: (written) => readJson("array", written),
  void: (written) => (written === "" ? { type: "void" } : undefined),
};

const readerOfLetter: ReadonlyMap<string, (written: string) => Value | undefined> = new Map(
  Object.entries(readers).map(([type, reader]) => [letterOf(type), reader]),
);

function letterOf(type: string): string {
  const table: Readonly<Record<string, string>> = letters;
  return table[type] ?? "";
}

function readBoolean(written: string): Value | undefined {
  return written === "true" || written === "false"
    ? { type: "boolean", value: written === "true" }
    : undefined;
}

function readBytes(written: string): Value | undefined {
  const value = textToBytes(written);
  return value && { type: "bytes", value };
}

function readFloat(type: "float32" | "float64", written: string): Value | undefined {
  const value = written.trim() === "" ? Number.NaN : Number(written);
  return Number.isNaN(value) ? undefined : { type, value };
}

function readInteger(type: keyof typeof ranges, written: string): Value | undefined {
  const [least, most] = ranges[type];
  const value = /^-?\d{1,10}$/.test(written) ? Number(written) : Number.NaN;
  return value >= least && value <= most ? { type, value } : undefined;
}

function readLong(type: "int64" | "uint64" | "timestamp", written: string): Value | undefined {
  if (!/^-?\d{1,20}$/.test(written)) return undefined;
  const value = BigInt(written);
  const fits = type === "int64" ? BigInt.asIntN(64, value) === value : BigInt.asUintN(64, value) === value;
  return fits ? { type, value } : undefined;
}

function readDecimal(written: string): Value | undefined {
  const [, digits = "", fraction = ""] = /^(-?\d{1,10})(?:\.(\d{1,10}))?$/.exec(written) ?? [];
  const unscaled = Number(digits + fraction);
  const fits = digits !== "" && Math.abs(unscaled) <= 2_147_483_647;
  return fits ? { type: "decimal", scale: fraction.length, unscaled } : undefined;
}

function readJson(type: "table" | "array", written: string): Value | undefined {
  try {
    const value = fromJson(JSON.parse(written));
    return value.type === type ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Tables and arrays within one another. */
const MAX_DEPTH = 32;

function fromJson(json: unknown, depth = 0): Value {
  if (depth > MAX_DEPTH) throw new BrokerError("malformed", `nested deeper than ${MAX_DEPTH}`);
  if (typeof json === "string") return textOrBytes(json);
  if (typeof json === "boolean") return { type: "boolean", value: json };
  if (typeof json === "number") {
    return Number.isSafeInteger(json)
      ? { type: "int64", value: BigInt(json) }
      : { type: "float64", value: json };
  }
  if (Array.isArray(json)) return { type: "array", value: json.map((item) => fromJson(item, depth + 1)) };
  if (typeof json !== "object" || json === null) return { type: "void" };
  return {
    type: "table",
    value: Object.entries(json).map(([name, value]): Header => [name, fromJson(value, depth + 1)]),
  };
}

function textOrBytes(written: string): Value {
  const value = textToBytes(written);
  return value === undefined ? text(written) : { type: "bytes", value };
}
