import type { Mount } from "@dragoman/mqtt";
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

/** One of a few numbers. */
export function oneOf<const T extends number>(numbers: readonly T[]): Form<T> {
  const want = `one of ${numbers.join(", ")}`;
  return {
    schema: z.literal([...numbers], { error: want }),
    placeholder: "number",
    want,
    fromText: toNumber,
  };
}

/** A whole number, or no limit at all. */
export function unlimitedOr(placeholder: string, least: number, most: number): Form<number | "unlimited"> {
  const want = `a whole number from ${least} to ${most}, or unlimited`;
  const number = z.int({ error: want }).min(least, want).max(most, want);
  const schema = z.union([z.literal("unlimited"), number], { error: want });
  return { schema, placeholder, want, fromText: toNumber };
}

/** For a setting that has no standard. */
export function optional<T>(form: Form<T>): Form<T | undefined> {
  return { ...form, schema: form.schema.optional() };
}

/** Prefixes of topics and the exchanges that they stand for. */
export function mountList(): Form<readonly Mount[]> {
  const want = "a list such as [{ prefix: orders/, exchange: orders }]";
  const prefix = 'a beginning of topics that ends with "/", without "$", "+" and "#"';
  const mount = z.strictObject(
    {
      prefix: z.string({ error: prefix }).regex(/^(?:[^$+#/][^+#]*)?\/$/, prefix),
      exchange: z.string({ error: "the name of an exchange" }).min(1, "the name of an exchange"),
    },
    { error: "a prefix and an exchange" },
  );
  return { schema: z.array(mount, { error: want }), placeholder: "list", want, fromText: (given) => given };
}

function toNumber(given: string): unknown {
  return /^\d+$/.test(given.trim()) ? Number(given) : given;
}
