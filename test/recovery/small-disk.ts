import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

const CHUNKS = [Buffer.alloc(2 ** 20), Buffer.alloc(2 ** 12)];

/** A file system of its own, in memory, that can be filled to the last byte. */
export class SmallDisk {
  readonly directory: string;

  /** @throws Error where this user may not mount anything */
  constructor(byteCount: number) {
    this.directory = mkdtempSync(join(tmpdir(), "dragoman-disk-"));
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", `size=${byteCount}`, "dragoman", this.directory], {
        stdio: "pipe",
      });
    } catch (error) {
      rmdirSync(this.directory);
      throw error;
    }
  }

  /** False where this user may not mount anything. */
  static get isPossible(): boolean {
    try {
      new SmallDisk(2 ** 20).remove();
      return true;
    } catch {
      return false;
    }
  }

  /** Takes all the room that is left, as fast as a disk could. */
  async fill(): Promise<void> {
    const file = openSync(this.#filler, "a");
    for (const chunk of CHUNKS) {
      while (isWritten(file, chunk)) await wait(1);
    }
    closeSync(file);
  }

  /** There is room again. */
  drain(): void {
    rmSync(this.#filler);
  }

  remove(): void {
    execFileSync("umount", ["--lazy", this.directory]);
    rmdirSync(this.directory);
  }

  get #filler(): string {
    return join(this.directory, "filler");
  }
}

/** False when there was no room for all of it. */
function isWritten(file: number, chunk: Buffer): boolean {
  try {
    return writeSync(file, chunk) === chunk.length;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOSPC") return false;
    throw error;
  }
}
