import { parseArgs } from "node:util";
import { type Fault, suggestion } from "./fault.ts";
import { flagOf, isSettingKey, SETTING_KEYS, SETTINGS } from "./settings.ts";

const COMMANDS = ["start", "check", "backup", "hash-password"] as const;

/** What the user typed. */
export interface CommandLine {
  readonly command: (typeof COMMANDS)[number] | "help" | "version";
  /** Settings by key, `config`, `to` and `scram`, as text. */
  readonly flags: ReadonlyMap<string, string>;
  readonly faults: readonly Fault[];
}

const keyByFlag = new Map([...SETTING_KEYS, "config", "to", "scram"].map((key) => [flagOf(key), key]));
const otherFlags = ["--help", "--version"];

/** @param words what follows the program's name */
export function readCommandLine(words: readonly string[]): CommandLine {
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
  let mayBeValue = false;
  for (const token of tokens) {
    if (token.kind === "positional") {
      const known = COMMANDS.find((name) => name === token.value);
      if (known === undefined && !mayBeValue) faults.push(unknownCommand(token.value));
      command ??= known;
    }
    mayBeValue = false;
    if (token.kind !== "option") continue;
    if (token.name === "help" || token.name === "version") command = token.name;
    else mayBeValue = !readFlag(token, flags, faults);
  }
  return { command: command ?? "start", flags, faults };
}

/** @returns false when there is no such flag */
function readFlag(
  {
    name,
    rawName,
    value,
  }: { readonly name: string; readonly rawName: string; readonly value?: string | undefined },
  flags: Map<string, string>,
  faults: Fault[],
): boolean {
  const key = keyByFlag.get(`--${name}`);
  if (key === undefined) faults.push(unknownFlag(rawName));
  else if (value !== undefined) flags.set(key, value);
  else if (isSwitch(key)) flags.set(key, "true");
  else faults.push({ where: rawName, what: "needs a value" });
  return key !== undefined;
}

function isSwitch(key: string): boolean {
  return key === "scram" || (isSettingKey(key) && SETTINGS[key].form.placeholder === "");
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
