import { closeSync, existsSync, openSync, readSync } from "node:fs";

/** Where LMDB's first page has its magic number and the version of its format, little-endian. */
const MAGIC_AT = 24;
const VERSION_AT = 28;
const HEAD_BYTES = 32;
const MAGIC = 0xbeefc0de;
const VERSION = 2;

/**
 * Makes sure that the library knows the file, if it is there and not empty: it does not survive to open another.
 *
 * @throws Error when it is no data file
 */
export function checkDataFile(path: string): void {
  if (!existsSync(path)) return;
  const head = Buffer.alloc(HEAD_BYTES);
  const file = openSync(path, "r");
  try {
    if (readSync(file, head) === 0) return;
  } finally {
    closeSync(file);
  }
  if (head.readUInt32LE(MAGIC_AT) === MAGIC && head.readUInt32LE(VERSION_AT) === VERSION) return;
  throw new Error(`'${path}' is damaged, or was never a data file`);
}
