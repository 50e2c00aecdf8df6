import { BrokerError } from "@dragoman/core";

export type Token =
  | { readonly kind: "text"; readonly value: string }
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "identifier"; readonly name: string }
  /** A reserved word in upper case, or a sign. */
  | { readonly kind: "word"; readonly word: string };

const reserved: ReadonlySet<string> = new Set(
  "AND OR NOT BETWEEN IN LIKE ESCAPE IS NULL TRUE FALSE".split(" "),
);

/**
 * Text in single quotes (doubled inside), a number, an identifier (in double quotes when it is no plain word,
 * as "content-type"), or a sign.
 */
const pattern =
  /\s*(?:'((?:[^']|'')*)'|((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![\w$.])|"([^"]+)"|([\p{L}_$][\p{L}\p{N}_$.]*)|(<>|<=|>=|!=|[=<>()+\-*/,]))/uy;

/** @throws BrokerError "malformed", showing where the text makes no sense */
export function tokenize(selector: string): Token[] {
  const text = selector.trimEnd();
  const tokens: Token[] = [];
  pattern.lastIndex = 0;
  while (pattern.lastIndex < text.length) {
    const at = pattern.lastIndex;
    const match = pattern.exec(text);
    if (match === null)
      throw new BrokerError("malformed", `selector makes no sense at "${text.slice(at, at + 20)}"`);
    tokens.push(tokenOf(match));
  }
  return tokens;
}

function tokenOf([, text, number, quoted, name, sign]: RegExpExecArray): Token {
  if (text !== undefined) return { kind: "text", value: text.replaceAll("''", "'") };
  if (number !== undefined) return { kind: "number", value: Number(number) };
  if (quoted !== undefined) return { kind: "identifier", name: quoted };
  if (name === undefined) return { kind: "word", word: sign === "!=" ? "<>" : (sign ?? "") };
  const word = name.toUpperCase();
  return reserved.has(word) ? { kind: "word", word } : { kind: "identifier", name };
}
