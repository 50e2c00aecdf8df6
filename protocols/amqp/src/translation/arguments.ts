import { bytesToText, findHeader, type Headers, type Value, type ValueType } from "@dragoman/core";

/** An integer of any width, or a float without a fraction: arguments are equal by value, not by wire type. */
export function integerOf(value: Value | undefined): number | undefined {
  if (value === undefined || !("value" in value)) return undefined;
  if (value.type === "int64" || value.type === "uint64") return Number(value.value);
  return Number.isInteger(value.value) && typeof value.value === "number" ? value.value : undefined;
}

/** What RabbitMQ's reply texts call the types. */
const typeNames = {
  boolean: "bool",
  int8: "byte",
  uint8: "unsignedbyte",
  int16: "short",
  uint16: "unsignedshort",
  int32: "signedint",
  uint32: "unsignedint",
  int64: "long",
  uint64: "long",
  float32: "float",
  float64: "double",
  decimal: "decimal",
  text: "longstr",
  bytes: "binary",
  timestamp: "timestamp",
  table: "table",
  array: "array",
  void: "void",
} as const satisfies Record<ValueType, string>;

export function typeName({ type }: Value): string {
  return typeNames[type];
}

/** The text of an argument; bytes count as text, since some clients send every string as bytes. */
export function textOf(value: Value | undefined): string | undefined {
  if (value?.type === "text") return value.value;
  return value?.type === "bytes" ? Buffer.from(value.value).toString("utf8") : undefined;
}

export function textArgument(args: Headers, name: string): string | undefined {
  return textOf(findHeader(args, name));
}

export function isTrue(value: Value | undefined): boolean {
  return value?.type === "boolean" && value.value;
}

/**
 * Arguments in a form that can be kept, compared and shown: JSON, names in order. Undefined when there
 * are none.
 */
export function argumentsText(args: Headers): string | undefined {
  if (args.length === 0) return undefined;
  const sorted = args.toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(Object.fromEntries(sorted.map(([name, value]) => [name, plainOf(value)])));
}

/** As JSON has it; integers too large for it become digits, bytes become base64. */
function plainOf(value: Value): unknown {
  if (value.type === "void") return null;
  if (value.type === "decimal") return value.unscaled / 10 ** value.scale;
  if (value.type === "bytes") return bytesToText(value.value);
  if (value.type === "array") return value.value.map(plainOf);
  if (value.type === "table") {
    return Object.fromEntries(value.value.map(([name, inner]) => [name, plainOf(inner)]));
  }
  if (typeof value.value !== "bigint") return value.value;
  const number = Number(value.value);
  return Number.isSafeInteger(number) ? number : value.value.toString();
}
