import type { Form } from "./form.ts";

/** A line of a table of settings. */
export interface Setting<T> {
  readonly standard: T;
  readonly form: Form<T>;
  /** One sentence, for the help and the reference page. */
  readonly help: string;
}
