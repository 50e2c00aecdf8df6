import { BrokerError } from "@dragoman/core";
import type { Version } from "./frame.ts";

/** How header names and values are written: by version, and never escaped in CONNECT and CONNECTED. */
export type Escaping = "none" | Exclude<Version, "1.0">;

const CR = "\r";
const LF = "\n";

const escapes = {
  "1.1": { "\\": "\\\\", [LF]: "\\n", ":": "\\c" },
  "1.2": { "\\": "\\\\", [LF]: "\\n", ":": "\\c", [CR]: "\\r" },
} as const satisfies Record<Exclude<Escaping, "none">, Record<string, string>>;

const needsEscape = { "1.1": /[\\\n:]/g, "1.2": /[\\\n:\r]/g } as const;

/** What is changed in some version. Most texts have none of it, and to look first costs far less than to replace. */
const special = /[\\\n\r:]/;

/** STOMP 1.1 and 1.2, Value Encoding; STOMP 1.0 and the frames that open a connection know no escapes. */
export function escapingOf(command: string, version: Version): Escaping {
  return version === "1.0" || command === "CONNECT" || command === "CONNECTED" || command === "STOMP"
    ? "none"
    : version;
}

/**
 * @param name only for the error
 * @throws BrokerError "malformed" when a backslash starts a sequence that this version does not define
 */
export function unescapeHeader(text: string, escaping: Escaping, name: string): string {
  let backslash = text.indexOf("\\");
  if (backslash < 0 || escaping === "none") return text;
  let plain = "";
  let from = 0;
  for (; backslash >= 0; backslash = text.indexOf("\\", from)) {
    plain +=
      text.slice(from, backslash) + unescaped(text.slice(backslash + 1, backslash + 2), escaping, name);
    from = backslash + 2;
  }
  return plain + text.slice(from);
}

function unescaped(letter: string, escaping: Escaping, name: string): string {
  if (letter === "n") return LF;
  if (letter === "c") return ":";
  if (letter === "\\") return "\\";
  if (letter === "r" && escaping === "1.2") return CR;
  const sequence = letter === "" ? "a backslash at the end" : `the escape \\${letter}`;
  throw new BrokerError(
    "malformed",
    `header ${name} has ${sequence}, which STOMP ${escaping} does not define`,
  );
}

/**
 * A header value as it goes on the wire. Where there are no escapes, line ends cannot be carried: each becomes a
 * space.
 */
export function escapeValue(value: string, escaping: Escaping): string {
  if (!special.test(value)) return value;
  if (escaping === "none") return value.replace(/[\r\n]/g, " ");
  const table: Record<string, string> = escapes[escaping];
  return value.replace(needsEscape[escaping], (character) => table[character] ?? character);
}

/** A header name as it goes on the wire. Where there are no escapes, line ends and colons become "_". */
export function escapeName(name: string, escaping: Escaping): string {
  if (escaping === "none") return name.replace(/[\r\n:]/g, "_");
  return escapeValue(name, escaping);
}
