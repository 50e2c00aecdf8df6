/** A system call; the numbers are lines of the trace. */
export interface SystemCall {
  readonly name: string;
  readonly args: string;
  readonly begin: number;
  /** Infinity when the process was gone first. */
  end: number;
  result: number;
}

/** A call as it begins, and perhaps ends, on one line: thread, name, arguments. */
const BEGIN = /^(\d+) +(\w+)\((.*?)(?:\) += .*| <unfinished \.\.\.>)$/;
const RESUMED = /^(\d+) +<\.\.\. \w+ resumed>/;
const RESULT = /\) += (-?\d+)[^)]*$/;

/** Calls that strace wrote down, in the order in which they began. Those of several threads may be under way at once. */
export function systemCalls(lines: readonly string[]): SystemCall[] {
  const calls: SystemCall[] = [];
  const underWay = new Map<string, SystemCall>();
  for (const [index, line] of lines.entries()) {
    const result = Number(RESULT.exec(line)?.[1]);
    const begun = BEGIN.exec(line);
    if (begun === null) {
      const resumed = underWay.get(RESUMED.exec(line)?.[1] ?? "");
      if (resumed !== undefined) [resumed.end, resumed.result] = [index, result];
      continue;
    }
    const [, thread = "", name = "", args = ""] = begun;
    const isUnderWay = line.endsWith("<unfinished ...>");
    const call = { name, args, begin: index, end: isUnderWay ? Number.POSITIVE_INFINITY : index, result };
    calls.push(call);
    if (isUnderWay) underWay.set(thread, call);
  }
  return calls;
}

/** The texts in the arguments of a call, every byte of which is written as `\x00`. */
export function bytesIn(args: string): Buffer[] {
  return Array.from(args.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g), ([, text = ""]) =>
    Buffer.from(text.replaceAll("\\x", ""), "hex"),
  );
}
