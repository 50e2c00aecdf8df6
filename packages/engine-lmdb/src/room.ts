import { statfsSync } from "node:fs";

/**
 * Kept free beside the bytes of a commit: for the pages of trees that it changes, which are written to other places
 * than those where they were, and for what others write to the disk meanwhile.
 */
const RESERVE_BYTES = 2 ** 25;
/** Pages may be half empty. */
const BYTES_FOR_EACH = 2;

/**
 * Makes sure that the system will not refuse to write a commit for want of room: the library may not survive that.
 * The system answers from memory, within microseconds.
 *
 * @param byteCount of all records of the commit
 * @throws Error "ENOSPC" as the system would
 */
export function demandRoom(directory: string, byteCount: number): void {
  const { blocks, bavail, bsize } = statfsSync(directory);
  // Some file systems do not say.
  if (blocks === 0) return;
  const wanted = RESERVE_BYTES + BYTES_FOR_EACH * byteCount;
  const free = bavail * bsize;
  if (free >= wanted) return;
  const message = `ENOSPC: no space left on device, ${wanted} bytes wanted, ${free} free`;
  throw Object.assign(new Error(message), { code: "ENOSPC" });
}
