import { isUtf8 } from "node:buffer";
import { StompError } from "../stomp-error.ts";

const runs = /(?:%[0-9A-Fa-f]{2})+/g;

/**
 * Reads each run of `%HH` as UTF-8. A "%" that no two hexadecimal digits follow stands for itself.
 *
 * @throws StompError "bad-address" when a run is not UTF-8
 */
export function decodePercent(text: string): string {
  if (!text.includes("%")) return text;
  return text.replace(runs, (run) => {
    const bytes = Buffer.from(run.replaceAll("%", ""), "hex");
    if (!isUtf8(bytes))
      throw new StompError("bad-address", "Invalid destination", `"${run}" in "${text}" is not UTF-8`);
    return bytes.toString("utf8");
  });
}

/** Writes "%" and control characters as `%HH`, and `also` if it is given; everything else goes as it is. */
export function encodePercent(text: string, also?: string): string {
  let encoded = "";
  for (const character of text) {
    const isSpecial = character === "%" || character === also || character < " " || character === "\x7f";
    encoded += isSpecial ? percent(character) : character;
  }
  return encoded;
}

/** One ASCII character as `%HH`. */
export function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
}
