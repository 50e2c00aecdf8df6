import { readdirSync, readFileSync } from "node:fs";

/**
 * Processor time of all threads of a process so far, in microseconds; the scheduler counts it in nanoseconds.
 * It includes what the kernel does on the process's behalf in system calls.
 */
export function processorTimeUs(pid: number): number {
  let ns = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    ns += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
  }
  return ns / 1000;
}

/** Resident memory of a process in bytes: now, and the most that it ever was. */
export function residentBytes(pid: number): { readonly now: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return { now: kilobytes(status, "VmRSS") * 1024, peak: kilobytes(status, "VmHWM") * 1024 };
}

/** Memory of a process in bytes that is no copy of a file: mapped pages of a data file do not count. */
export function ownBytes(pid: number): number {
  return kilobytes(readFileSync(`/proc/${pid}/status`, "utf8"), "RssAnon") * 1024;
}

function kilobytes(status: string, name: string): number {
  return Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0);
}
