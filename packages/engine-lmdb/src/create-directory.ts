import { existsSync, mkdirSync } from "node:fs";
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
  } catch (error) {
    // Somebody else may have been faster.
    if (!existsSync(directory)) throw error;
  }
}
