import { z } from "zod";
import type { Setting } from "./setting.ts";

/** The settings of one protocol, each with its standard. */
export type SectionTable<T> = { readonly [K in keyof T]: Setting<T[K]> };

/** Some settings of one protocol, as a file or a listener names them. */
export type Section<T> = { readonly [K in keyof T]?: T[K] | undefined };

/** Unknown keys are refused; what is left out stays out. */
export function sectionSchema<T>(table: SectionTable<T>): z.ZodType<Section<T>> {
  const entries = Object.entries<Setting<unknown>>(table);
  const shape = Object.fromEntries(entries.map(([key, { form }]) => [key, form.schema.optional()]));
  const schema = z.strictObject(shape, { error: "keys and values" });
  return schema.transform((values) => (isSectionOf(table, values) ? values : {}));
}

/** What several sections say of one protocol: the first that names a setting decides. */
export function merge<T extends object>(...sections: readonly (Section<T> | undefined)[]): Partial<T> {
  const merged: { -readonly [K in keyof T]?: T[K] } = {};
  for (const section of sections) {
    for (const key in section) {
      const value = section[key];
      if (value !== undefined && !Object.hasOwn(merged, key)) merged[key] = value;
    }
  }
  return merged;
}

/** Each value has passed the schema of its own key. */
function isSectionOf<T>(table: SectionTable<T>, values: object): values is Section<T> {
  return Object.keys(values).every((key) => Object.hasOwn(table, key));
}
