import type { Collection } from "./engine.ts";
import { BrokerError } from "./errors.ts";

/** A record that is not what was written: the storage is damaged. */
export function unreadable(collection: Collection, name: string, cause: unknown): BrokerError {
  const why = cause instanceof Error ? cause.message : String(cause);
  const what = `the stored ${collection} '${name.replaceAll("\0", " ")}'`;
  return new BrokerError("unavailable", `${what} cannot be read: ${why}`, { cause });
}
