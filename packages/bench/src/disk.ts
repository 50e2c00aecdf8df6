import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const BLOCK_BYTES = 2 ** 16;
const PROBE_MS = 500;

/** How often in a second the disk takes 64 KiB at the end of a file and says that it has them. */
export function fdatasyncsPerSecond(): number {
  const directory = mkdtempSync(join(tmpdir(), "bench-disk-"));
  const file = openSync(join(directory, "probe"), "w");
  const block = Buffer.alloc(BLOCK_BYTES, "x");
  const startMs = performance.now();
  let count = 0;
  for (; performance.now() - startMs < PROBE_MS; count++) {
    writeSync(file, block);
    fdatasyncSync(file);
  }
  const seconds = (performance.now() - startMs) / 1000;
  closeSync(file);
  rmSync(directory, { recursive: true });
  return count / seconds;
}
