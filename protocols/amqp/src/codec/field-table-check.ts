import { BrokerError } from "@dragoman/core";
import { MAX_DEPTH } from "./field-table.ts";

const UNKNOWN = -1;
const LENGTH_FIRST = -2;
const TABLE = -3;
const ARRAY = -4;

/** Octets behind a type letter, or one of the marks above. */
const widths: { readonly [letter: string]: number } = {
  t: 1,
  b: 1,
  B: 1,
  s: 2,
  u: 2,
  I: 4,
  i: 4,
  l: 8,
  L: 8,
  f: 4,
  d: 8,
  D: 5,
  S: LENGTH_FIRST,
  x: LENGTH_FIRST,
  T: 8,
  F: TABLE,
  A: ARRAY,
  V: 0,
};

const widthsByTag = Int8Array.from({ length: 256 }, (_, tag) => widths[String.fromCharCode(tag)] ?? UNKNOWN);

/**
 * Walks a field table and makes nothing of it, so that a table that nobody reads costs no object, and one
 * that lies is refused when it comes and not when somebody looks into it. Refuses exactly what `readTable`
 * refuses.
 *
 * @param at offset of the table's length
 * @param end offset behind the last byte that belongs to it
 * @returns offset behind the table
 * @throws BrokerError "malformed"
 */
export function checkTable(bytes: Buffer, at: number, end: number, depth = 0): number {
  const tableEnd = enclosedEnd(bytes, at, end, depth);
  let next = at + 4;
  while (next < tableEnd) {
    const valueAt = next + 1 + bytes.readUInt8(next);
    next = checkValue(bytes, valueAt, tableEnd, depth);
  }
  return tableEnd;
}

/** Names to look for in a table without making text of those that stand there. */
export class FieldNames {
  /** Those of one length together: most names in a table are ruled out by their length. */
  readonly #byLength: (Buffer[] | undefined)[] = [];

  constructor(names: readonly string[]) {
    for (const name of names) {
      const bytes = Buffer.from(name);
      (this.#byLength[bytes.length] ??= []).push(bytes);
    }
  }

  /**
   * True when one of the table's own fields has one of the names.
   *
   * @param at offset of the length of a table that was checked
   */
  standIn(bytes: Buffer, at: number): boolean {
    const end = at + 4 + bytes.readUInt32BE(at);
    let next = at + 4;
    while (next < end) {
      const valueAt = next + 1 + bytes.readUInt8(next);
      if (this.#has(bytes, next + 1, valueAt)) return true;
      next = checkValue(bytes, valueAt, end, 0);
    }
    return false;
  }

  #has(bytes: Buffer, start: number, end: number): boolean {
    const candidates = this.#byLength[end - start];
    return candidates?.some((name) => name.compare(bytes, start, end) === 0) ?? false;
  }
}

function checkArray(bytes: Buffer, at: number, end: number, depth: number): number {
  const arrayEnd = enclosedEnd(bytes, at, end, depth);
  let next = at + 4;
  while (next < arrayEnd) next = checkValue(bytes, next, arrayEnd, depth);
  return arrayEnd;
}

function checkValue(bytes: Buffer, at: number, end: number, depth: number): number {
  if (at >= end) throw new BrokerError("malformed", "field table ends before a value");
  const width = widthsByTag[bytes.readUInt8(at)] ?? UNKNOWN;
  switch (width) {
    case UNKNOWN:
      throw new BrokerError("malformed", `field value of unknown type ${bytes.readUInt8(at)}`);
    case TABLE:
      return checkTable(bytes, at + 1, end, depth + 1);
    case ARRAY:
      return checkArray(bytes, at + 1, end, depth + 1);
    case LENGTH_FIRST:
      return lengthFirstEnd(bytes, at + 1, end);
    default:
      return within(at + 1 + width, end);
  }
}

function enclosedEnd(bytes: Buffer, at: number, end: number, depth: number): number {
  if (depth >= MAX_DEPTH) throw new BrokerError("malformed", `field table nested deeper than ${MAX_DEPTH}`);
  return lengthFirstEnd(bytes, at, end);
}

function lengthFirstEnd(bytes: Buffer, at: number, end: number): number {
  within(at + 4, end);
  return within(at + 4 + bytes.readUInt32BE(at), end);
}

function within(at: number, end: number): number {
  if (at > end) throw new BrokerError("malformed", `field table passes its end by ${at - end} bytes`);
  return at;
}
