import { BindingDecoder } from "./binding-record.ts";
import type { Collection } from "./engine.ts";
import { decodeRecord } from "./record.ts";

/**
 * Reads a record as a start would, those that are more than their name. Messages, the retained ones too, are for a
 * `MessageDecoder`.
 *
 * @throws Error of any kind when it cannot be read
 */
export function checkRecord(collection: Collection, record: Uint8Array): void {
  if (collection === "binding") new BindingDecoder().decode(record);
  else if (collection === "exchange" || collection === "queue" || collection === "session")
    decodeRecord(record);
}
