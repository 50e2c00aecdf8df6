import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { Inbox, within } from "./inbox.ts";

/** A program as a child process whose standard output is read line by line. */
export class Child {
  readonly lines: Inbox<string>;
  readonly exited: Promise<number>;
  readonly #child: ChildProcessWithoutNullStreams;
  #complaints = "";

  constructor(program: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    this.lines = new Inbox(program);
    this.#child = spawn(program, args, { env: { ...process.env, ...environment } });
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#complaints += text;
    });
    this.#child.on("error", (error) => {
      this.lines.end(error.message);
    });
    this.#child.stdin.on("error", () => {});
    createInterface({ input: this.#child.stdout }).on("line", (line) => {
      this.lines.push(line);
    });
    this.exited = new Promise((resolve) => {
      this.#child.on("close", (code) => {
        this.lines.end(`exited with ${code}: ${this.#complaints.trim()}`);
        resolve(code ?? -1);
      });
    });
  }

  writeLine(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  /** Calls for each further line, and once when the program has ended. */
  each(take: (line: string) => void, ended: (reason: string) => void): void {
    createInterface({ input: this.#child.stdout }).on("line", take);
    void this.exited.then((code) => {
      ended(`exited with ${code}: ${this.#complaints.trim()}`);
    });
  }

  /** Gives the body, closes standard input, and waits for exit 0. */
  async finish(input: string | Buffer = ""): Promise<void> {
    this.#child.stdin.end(input);
    const code = await within(this.exited, this.#child.spawnfile);
    if (code !== 0)
      throw new Error(`${this.#child.spawnfile} exited with ${code}: ${this.#complaints.trim()}`);
  }

  async stop(): Promise<void> {
    this.#child.kill();
    await within(this.exited, this.#child.spawnfile);
  }
}

/** Why the tests of a program cannot run here; undefined when they can. */
export function missingProgram(program: string): string | undefined {
  try {
    execFileSync("/bin/sh", ["-c", `command -v ${program}`], { stdio: "ignore" });
    return undefined;
  } catch {
    return `${program} is not installed`;
  }
}

/** Debian's interpreter, which sees Debian's Python packages. */
export const PYTHON = "/usr/bin/python3";

/** Why the tests of a Python package cannot run here; undefined when they can. */
export function missingModule(name: string): string | undefined {
  try {
    execFileSync(PYTHON, ["-c", `import ${name}`], { stdio: "ignore" });
    return undefined;
  } catch {
    return `python3 package ${name} is not installed`;
  }
}
