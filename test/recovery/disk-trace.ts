import { readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { bytesIn, type SystemCall, systemCalls } from "./system-calls.ts";

const CALLS = "openat,close,lseek,pwrite64,pwritev,fdatasync,fsync,write,writev";
/** Longest write that is written down whole. */
const MAX_BYTES = 2 ** 24;
/** What a disk writes wholly or not at all. */
const SECTOR_BYTES = 512;

/** What goes before a command so that what it writes is written down; the process itself stays the same. */
export function tracing(file: string): string[] {
  return ["strace", "-D", "-f", "-xx", "-s", String(MAX_BYTES), "-e", `trace=${CALLS}`, "-o", file];
}

/** A change of the traced file. */
interface Write {
  readonly at: number;
  readonly bytes: Buffer;
  readonly begin: number;
  readonly end: number;
  /** The call returns when the disk has it. */
  readonly isSynchronous: boolean;
}

/** The file by one of its descriptors. */
interface OpenFile {
  readonly isSynchronous: boolean;
  at: number;
}

/** What a process wrote to one file and to sockets, and in what order. */
export class DiskTrace {
  /** What was sent to somebody, with the moment from which on it may have been seen. */
  readonly sent: { readonly moment: number; readonly bytes: Buffer }[] = [];
  /** The moment behind the last. */
  readonly end: number;
  readonly #fileName: string;
  readonly #open = new Map<number, OpenFile>();
  readonly #writes: Write[] = [];
  readonly #syncs: SystemCall[] = [];

  /** @param fileName end of the path of the file that is looked at */
  static async read(traceFile: string, fileName: string): Promise<DiskTrace> {
    // The tracer ends a little after the process.
    while (!/^\d+ +\+\+\+ killed by SIGKILL \+\+\+$/m.test(readFileSync(traceFile, "latin1").slice(-4_096))) {
      await wait(20);
    }
    return new DiskTrace(systemCalls(readFileSync(traceFile, "latin1").split("\n")), fileName);
  }

  private constructor(calls: readonly SystemCall[], fileName: string) {
    this.#fileName = fileName;
    for (const call of calls) this.#take(call);
    this.end = (calls.at(-1)?.begin ?? 0) + 1;
  }

  /**
   * The file as it may be found when the power fails at that moment: what had been synchronized is there, and
   * of what had been written since, any sectors.
   *
   * @param isKept decides for each such sector
   */
  imageAt(moment: number, isKept: () => boolean): Buffer {
    const begun = this.#writes.filter(({ begin }) => begin < moment);
    const image = Buffer.alloc(begun.reduce((end, { at, bytes }) => Math.max(end, at + bytes.length), 0));
    const syncs = this.#syncs.filter(({ end }) => end < moment);
    let length = 0;
    for (const write of begun) {
      const { at, bytes } = write;
      const isSafe =
        write.end < moment && (write.isSynchronous || syncs.some(({ begin }) => begin > write.end));
      for (let start = 0; start < bytes.length;) {
        const end = Math.min(bytes.length, start + SECTOR_BYTES - ((at + start) % SECTOR_BYTES));
        if (isSafe || isKept()) {
          bytes.copy(image, at + start, start, end);
          length = Math.max(length, at + end);
        }
        start = end;
      }
    }
    return image.subarray(0, length);
  }

  #take(call: SystemCall): void {
    const { name, args, begin, result } = call;
    const descriptor = Number.parseInt(args, 10);
    const file = this.#open.get(descriptor);
    if (name === "openat") this.#opened(result, args);
    else if (name === "close") this.#open.delete(descriptor);
    else if (file !== undefined) this.#takeOfFile(call, file);
    else if (/^writev?$/.test(name)) this.sent.push({ moment: begin, bytes: Buffer.concat(bytesIn(args)) });
  }

  #opened(descriptor: number, args: string): void {
    const isLooked = bytesIn(args)[0]?.toString().endsWith(this.#fileName) === true;
    if (isLooked) this.#open.set(descriptor, { isSynchronous: /O_D?SYNC/.test(args), at: 0 });
    else this.#open.delete(descriptor);
  }

  #takeOfFile(call: SystemCall, file: OpenFile): void {
    const { name, args, begin, end, result } = call;
    if (name.endsWith("sync")) this.#syncs.push(call);
    else if (name === "lseek") file.at = result;
    else {
      const bytes = Buffer.concat(bytesIn(args));
      const isPlaced = name.startsWith("p");
      const at = isPlaced ? Number(/(\d+)$/.exec(args)?.[1]) : file.at;
      if (!isPlaced) file.at += bytes.length;
      this.#writes.push({ at, bytes, begin, end, isSynchronous: file.isSynchronous });
    }
  }
}
