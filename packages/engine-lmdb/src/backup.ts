import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { BrokerError } from "@dragoman/core";
import { createDirectory } from "./create-directory.ts";
import { checkFormat, writeFormat } from "./format.ts";
import { DATA_FILE } from "./lmdb-engine.ts";
import { reasonOf } from "./reason.ts";
import { Store } from "./store.ts";

/**
 * Copies a data directory as it is at one moment, also while a broker uses it. The copy is a data directory
 * itself.
 *
 * @param target created when it is not there; must be empty
 * @throws BrokerError "unavailable" when one of the directories cannot be used
 */
export async function backUpDirectory(directory: string, target: string): Promise<void> {
  checkFormat(directory);
  const source = join(directory, DATA_FILE);
  if (!existsSync(source)) throw new BrokerError("unavailable", `'${directory}' has no file '${DATA_FILE}'`);
  try {
    createDirectory(target);
    if (readdirSync(target).length > 0) throw new Error("it is not empty");
    const store = new Store(source, { durability: "sync", readOnly: true });
    try {
      await store.copyTo(join(target, DATA_FILE));
    } finally {
      await store.close();
    }
  } catch (cause) {
    const message = `'${directory}' cannot be copied to '${target}': ${reasonOf(cause)}`;
    throw new BrokerError("unavailable", message, { cause });
  }
  // Last, so that a copy that was broken off is not taken for a data directory.
  writeFormat(target);
}
