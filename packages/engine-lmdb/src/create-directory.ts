import { closeSync, existsSync, fsyncSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Creates a directory and those around it that are missing, one by one: what `mkdirSync` does with `recursive`
 * never ends where the file system says that there is no such parent though there is, as `/proc` does.
 *
 * @throws Error of the file system
 */
export function createDirectory(directory: string): void {
  if (existsSync(directory)) return;
  const parent = dirname(directory);
  if (parent !== directory) createDirectory(parent);
  try {
    mkdirSync(directory);
    syncDirectory(parent);
  } catch (error) {
    // Somebody else may have been faster.
    if (!existsSync(directory)) throw error;
  }
}

/**
 * Brings the names in a directory to stable storage: a file that is there is not found after a power failure when
 * its name is not. Does nothing where the system or
 * the file system has no such thing.
 *
 * @throws Error of the file system
 */
export function syncDirectory(directory: string): void {
  if (process.platform === "win32") return;
  const handle = openSync(directory, "r");
  try {
    fsyncSync(handle);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EINVAL")) throw error;
  } finally {
    closeSync(handle);
  }
}
