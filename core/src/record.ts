import { asBuffer } from "./byte-reader.ts";

/**
 * Small records for the engine: JSON, with a tag for the kinds of value that JSON lacks. An object of ours
 * never has a member of these names.
 */
const BIGINT_TAG = "$bigint";
const BYTES_TAG = "$bytes";
/** NaN, the infinities and -0. */
const NUMBER_TAG = "$number";

/** @param value plain objects, arrays, text, numbers, booleans, bigint and Uint8Array */
export function encodeRecord(value: unknown): Uint8Array {
  return Buffer.from(
    JSON.stringify(value, function (this: Record<string, unknown>, name, member: unknown) {
      // A Buffer has turned itself into an object before the replacer sees it; `this` still has the bytes.
      const original = this[name];
      if (original instanceof Uint8Array) return { [BYTES_TAG]: Buffer.from(original).toString("base64") };
      if (typeof member === "bigint") return { [BIGINT_TAG]: String(member) };
      if (typeof member !== "number") return member;
      if (Object.is(member, -0)) return { [NUMBER_TAG]: "-0" };
      return Number.isFinite(member) ? member : { [NUMBER_TAG]: String(member) };
    }),
  );
}

/** What `encodeRecord` was given; the caller names the type that it wrote. */
export function decodeRecord<T>(bytes: Uint8Array): T {
  const json = asBuffer(bytes).toString("utf8");
  // Most records hold nothing with a tag, and looking at each member takes much longer than all else.
  if (!json.includes('{"$')) return JSON.parse(json);
  return JSON.parse(json, (_name, member: unknown) => {
    if (typeof member !== "object" || member === null) return member;
    if (BIGINT_TAG in member) return BigInt(String(member[BIGINT_TAG]));
    if (NUMBER_TAG in member) return Number(member[NUMBER_TAG]);
    return BYTES_TAG in member ? new Uint8Array(Buffer.from(String(member[BYTES_TAG]), "base64")) : member;
  });
}
