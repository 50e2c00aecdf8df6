/**
 * A typed value of a message header: every type that any of our protocols can carry, so that none is
 * flattened on the way in. Integers over 53 bits are bigint.
 */
export type Value =
  | { readonly type: "boolean"; readonly value: boolean }
  | {
      readonly type: "int8" | "uint8" | "int16" | "uint16" | "int32" | "uint32";
      readonly value: number;
    }
  | { readonly type: "int64" | "uint64"; readonly value: bigint }
  | { readonly type: "float32" | "float64"; readonly value: number }
  /** `unscaled` × 10^-`scale` */
  | { readonly type: "decimal"; readonly scale: number; readonly unscaled: number }
  | { readonly type: "text"; readonly value: string }
  | { readonly type: "bytes"; readonly value: Uint8Array }
  /** Seconds since 1970. */
  | { readonly type: "timestamp"; readonly value: bigint }
  | { readonly type: "table"; readonly value: Headers }
  | { readonly type: "array"; readonly value: readonly Value[] }
  | { readonly type: "void" };

export type ValueType = Value["type"];

/** An ordered multimap: a name may stand in it more than once, and the order is the publisher's. */
export type Headers = readonly Header[];

export type Header = readonly [name: string, value: Value];

export function text(value: string): Value {
  return { type: "text", value };
}

/** The first value of that name. */
export function findHeader(headers: Headers, name: string): Value | undefined {
  return headers.find((header) => header[0] === name)?.[1];
}
