import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BrokerError } from "@dragoman/core";
import { createDirectory } from "./create-directory.ts";
import { reasonOf } from "./reason.ts";

/** The layout of the data directory that this release reads and writes. */
export const FORMAT = 3;

const FORMAT_FILE = "format";

/**
 * Creates the directory, or finds that it is one of ours.
 *
 * @throws BrokerError "unavailable" when it cannot be used, or belongs to a release with another format
 */
export function prepareDirectory(directory: string): void {
  try {
    createDirectory(directory);
  } catch (cause) {
    const message = `data directory '${directory}' cannot be created: ${reasonOf(cause)}`;
    throw new BrokerError("unavailable", message, { cause });
  }
  const format = readFormat(directory);
  if (format === undefined) writeFormat(directory);
  else checkFormat(directory, format);
}

/** @throws BrokerError "unavailable" unless the directory has the format of this release */
export function checkFormat(directory: string, format: string | undefined = readFormat(directory)): void {
  if (format === String(FORMAT)) return;
  throw new BrokerError(
    "unavailable",
    format === undefined
      ? `'${directory}' is not a data directory: it has no file '${FORMAT_FILE}'`
      : `data directory '${directory}' has format ${format}, this release needs ${FORMAT}`,
  );
}

export function writeFormat(directory: string): void {
  try {
    writeFileSync(join(directory, FORMAT_FILE), `${FORMAT}\n`, { flush: true });
  } catch (cause) {
    const message = `data directory '${directory}' cannot be written to: ${reasonOf(cause)}`;
    throw new BrokerError("unavailable", message, { cause });
  }
}

function readFormat(directory: string): string | undefined {
  try {
    return readFileSync(join(directory, FORMAT_FILE), "utf8").trim();
  } catch {
    return undefined;
  }
}
