import { z } from "zod";
import type { Port } from "./configuration.ts";

/** How a setting is written. */
export interface Form<T> {
  readonly schema: z.ZodType<T>;
  /** What stands for the value in the help: `--mqtt-port <port>`; empty for a switch. */
  readonly placeholder: string;
  /** What would be good. */
  readonly want: string;
  /** From a flag or the environment, to what the file would hold. */
  fromText(text: string): unknown;
}

export function text(placeholder: string, want: string): Form<string> {
  return { schema: z.string({ error: want }).min(1, want), placeholder, want, fromText: (given) => given };
}

export function choice<const T extends string>(placeholder: string, choices: readonly T[]): Form<T> {
  const want = `one of ${choices.join(", ")}`;
  return { schema: z.enum(choices, { error: want }), placeholder, want, fromText: (given) => given };
}

export function integer(placeholder: string, least: number, most: number): Form<number> {
  const want = `a whole number from ${least} to ${most}`;
  const schema = z.int({ error: want }).min(least, want).max(most, want);
  return { schema, placeholder, want, fromText: toNumber };
}

export function port(): Form<Port> {
  const want = "a port from 0 to 65535 (0 picks a free one), or off";
  const number = z.int({ error: want }).min(0, want).max(65_535, want);
  const schema = z.union([z.literal("off"), number], { error: want });
  return { schema, placeholder: "port", want, fromText: toNumber };
}

export function toggle(): Form<boolean> {
  const want = "true or false";
  return {
    schema: z.boolean({ error: want }),
    placeholder: "",
    want,
    fromText: (given) => (given === "true" ? true : given === "false" ? false : given),
  };
}

/** In one text, separated by commas. */
export function list(placeholder: string, want: string): Form<readonly string[]> {
  return {
    schema: z.array(z.string({ error: want }).min(1, want), { error: want }),
    placeholder,
    want,
    fromText: (given) => (given.trim() === "" ? [] : given.split(",").map((part) => part.trim())),
  };
}

function toNumber(given: string): unknown {
  return /^\d+$/.test(given.trim()) ? Number(given) : given;
}
