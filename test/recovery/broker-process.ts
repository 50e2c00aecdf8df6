import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { within } from "../clients/inbox.ts";
import { tracing } from "./disk-trace.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const START_MS = 20_000;

/** A process runs what was built: brings that up to date, which takes no time when it is. */
export function build(): void {
  const compiler = fileURLToPath(new URL("../../node_modules/typescript/bin/tsc", import.meta.url));
  execFileSync(process.execPath, [compiler, "-b", "packages/server"], { cwd: root, stdio: "pipe" });
}

/** What a broker is up against. */
export interface BrokerConditions {
  /** Writes behind this fail, until `liftFileLimit`. */
  readonly maxFileBytes?: number;
  /** Where everything is written down that it writes, for `DiskTrace`. */
  readonly traceFile?: string;
  /** System calls on the data file that fail, in the words of strace's `inject`. */
  readonly fault?: string;
  readonly durability?: "sync" | "os";
  /** The mark at which publishers are stopped; the standard one unless given. */
  readonly minFreeDiskBytes?: number;
}

/** A broker in a process of its own that can be killed. */
export class BrokerProcess {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  #complaints = "";
  #hasEnded = false;

  /** @param port the one port for all protocols; 0 picks a free one */
  static async start(
    directory: string,
    port: number,
    { maxFileBytes, traceFile, fault, durability = "sync", minFreeDiskBytes }: BrokerConditions = {},
  ): Promise<BrokerProcess> {
    const main = fileURLToPath(new URL("../../packages/server/dist/main.js", import.meta.url));
    const others = ["--stomp-port=off", "--amqp-port=off", "--http-port=off"];
    const command = [
      ...(traceFile === undefined ? [] : tracing(traceFile)),
      ...(fault === undefined ? [] : failing(join(directory, "dragoman.mdb"), fault)),
      process.execPath,
      main,
      `--data-dir=${directory}`,
      `--durability=${durability}`,
      `--mqtt-port=${port}`,
      ...(minFreeDiskBytes === undefined ? [] : [`--min-free-disk-bytes=${minFreeDiskBytes}`]),
      ...others,
    ];
    const limit = maxFileBytes === undefined ? "" : `trap '' XFSZ; ulimit -S -f ${maxFileBytes / 1_024};`;
    const args = ["-c", `${limit} exec "$@"`, "bash", ...command];
    const child = spawn("bash", args, { stdio: ["ignore", "pipe", "pipe"] });
    return new BrokerProcess(child, await within(readyPort(child), "the broker starts", START_MS));
  }

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
    this.#exited = new Promise((resolve) => void child.once("exit", () => resolve()));
    void this.#exited.then(() => (this.#hasEnded = true));
    child.stderr?.on("data", (bytes) => (this.#complaints += String(bytes)));
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** What it and its libraries wrote to standard error since it was ready. */
  get complaints(): string {
    return this.#complaints;
  }

  url(scheme: "mqtt" | "amqp" | "stomp"): string {
    const credentials = scheme === "amqp" ? "guest:guest@" : "";
    return `${scheme}://${credentials}127.0.0.1:${this.port}`;
  }

  /** Ends it between two instructions: nothing is flushed, nobody is told. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  /** There is room again. */
  liftFileLimit(): void {
    execFileSync("prlimit", ["--pid", String(this.#child.pid), "--fsize=unlimited"]);
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.#exited;
  }
}

/**
 * What goes before a command so that some of its calls on a file fail; the process itself stays the same. Calls
 * are counted for each thread, so there is one that writes.
 */
function failing(file: string, fault: string): string[] {
  const oneWriter = ["-E", "UV_THREADPOOL_SIZE=1"];
  return ["strace", "-D", "-f", "-qq", "-o", "/dev/null", ...oneWriter, "-P", file, "-e", `inject=${fault}`];
}

/** The port in the line that says that all listeners are up. */
async function readyPort(child: ChildProcess): Promise<number> {
  let complaints = "";
  child.stderr?.on("data", (bytes) => (complaints += String(bytes)));
  if (child.stdout === null) throw new Error("the broker has no standard output");
  for await (const line of createInterface({ input: child.stdout })) {
    const port = /"msg":"ready"/.test(line) ? /"port":(\d+)/.exec(line)?.[1] : undefined;
    if (port === undefined) continue;
    child.stdout.resume();
    return Number(port);
  }
  throw new Error(`the broker ended before it was ready: ${complaints}`);
}
