import { parseArgs } from "node:util";
import { type Fault, suggestion } from "./fault.ts";
import { flagOf, SETTING_KEYS, SETTINGS } from "./settings.ts";

const COMMANDS = ["start", "hash-password"] as const;

/** What the user typed. */
export interface CommandLine {
  readonly command: (typeof COMMANDS)[number] | "help" | "version";
  /** Settings by key, and `config`, as text. */
  readonly flags: ReadonlyMap<string, string>;
  readonly faults: readonly Fault[];
}

const keyByFlag = new Map([...SETTING_KEYS, "config"].map((key) => [flagOf(key), key]));
const otherFlags = ["--help", "--version"];

/** @param words what follows the program's name */
export function readCommandLine(words: readonly string[]): CommandLine {
  const switches = SETTING_KEYS.filter((key) => SETTINGS[key].form.placeholder === "");
  const { tokens } = parseArgs({
    args: [...words],
    strict: false,
    tokens: true,
    options: Object.fromEntries([
      ...[...keyByFlag].map(([flag, key]) => [flag.slice(2), { type: isSwitch(key) ? "boolean" : "string" }]),
      ["help", { type: "boolean", short: "h" }],
      ["version", { type: "boolean", short: "v" }],
    ]),
  });
  const flags = new Map<string, string>();
  const faults: Fault[] = [];
  let command: CommandLine["command"] | undefined;
  // What follows a flag that we do not know may be its value.
  let isAfterUnknown = false;
  for (const token of tokens) {
    const mayBeValue = isAfterUnknown;
    isAfterUnknown = false;
    if (token.kind === "option") {
      const key = keyByFlag.get(`--${token.name}`);
      if (token.name === "help" || token.name === "version") command = token.name;
      else if (key === undefined) {
        faults.push(unknownFlag(token.rawName));
        isAfterUnknown = token.value === undefined;
      } else if (token.value !== undefined) flags.set(key, token.value);
      else if (isSwitch(key)) flags.set(key, "true");
      else faults.push({ where: token.rawName, what: "needs a value" });
    } else if (token.kind === "positional") {
      const known = COMMANDS.find((name) => name === token.value);
      if (known === undefined && !mayBeValue) faults.push(unknownCommand(token.value));
      command ??= known;
    }
  }
  return { command: command ?? "start", flags, faults };

  function isSwitch(key: string): boolean {
    return switches.some((name) => name === key);
  }
}

function unknownFlag(flag: string): Fault {
  return {
    where: flag,
    what: `there is no such flag${suggestion(flag, [...keyByFlag.keys(), ...otherFlags])}`,
  };
}

function unknownCommand(word: string): Fault {
  const hint = suggestion(word, COMMANDS);
  return {
    where: word,
    what: `there is no such command${hint === "" ? `; want ${COMMANDS.join(" or ")}` : hint}`,
  };
}
