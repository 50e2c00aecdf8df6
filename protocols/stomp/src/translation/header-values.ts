import type { FrameHeaders } from "../codec/frame.ts";
import { headerOf } from "../codec/frame.ts";
import { StompError } from "../stomp-error.ts";

const booleans: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["1", true],
  ["yes", true],
  ["on", true],
  ["false", false],
  ["0", false],
  ["no", false],
  ["off", false],
]);

/**
 * The value of a header that must be there.
 *
 * @throws StompError "malformed"
 */
export function requiredHeader(headers: FrameHeaders, name: string, command: string): string {
  const value = headerOf(headers, name);
  if (value === undefined) {
    throw new StompError("malformed", "Missing header", `${command} needs a header ${name}`);
  }
  return value;
}

/**
 * A yes or no, in any case; undefined when the header is not there.
 *
 * @throws StompError "malformed"
 */
export function booleanHeader(headers: FrameHeaders, name: string): boolean | undefined {
  const text = headerOf(headers, name);
  if (text === undefined) return undefined;
  const value = booleans.get(text.trim().toLowerCase());
  if (value === undefined) throw invalid(name, text, "true or false");
  return value;
}

/**
 * A whole number from 0 to `max`; undefined when the header is not there.
 *
 * @throws StompError "malformed"
 */
export function numberHeader(
  headers: FrameHeaders,
  name: string,
  max: number = Number.MAX_SAFE_INTEGER,
): number | undefined {
  const text = headerOf(headers, name);
  if (text === undefined) return undefined;
  const value = /^\s*\d{1,16}\s*$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= max)) throw invalid(name, text, `a whole number from 0 to ${max}`);
  return value;
}

function invalid(name: string, text: string, expected: string): StompError {
  const shown = text.length > 40 ? `${text.slice(0, 40)}...` : text;
  return new StompError(
    "malformed",
    "Invalid header",
    `header ${name} must be ${expected}, not ${JSON.stringify(shown)}`,
  );
}
