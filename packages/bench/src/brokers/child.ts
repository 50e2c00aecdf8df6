import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { connect, createServer } from "node:net";
import { setTimeout as wait } from "node:timers/promises";

/** Core of the broker, and core of the load. */
export const cores = { broker: 0, load: 1 } as const;

/** How long a broker may take to start, and how often is looked whether it has. */
const START_MS = 300_000;
const POLL_MS = 20;

const taskset = "/usr/bin/taskset";

/** Starts a program on one core where the system can do that; `pid` is the program's own. */
export function spawnOn(
  core: number,
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): ChildProcess {
  const pinned = existsSync(taskset) ? [taskset, "-c", String(core), command, ...args] : [command, ...args];
  const [program = command, ...rest] = pinned;
  return spawn(program, rest, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env } });
}

/** Ends a program politely, and after five seconds not politely. */
export async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGTERM");
  const late = setTimeout(() => child.kill("SIGKILL"), 5000);
  await gone;
  clearTimeout(late);
}

/** Ends a program between two instructions. */
export async function killChild(child: ChildProcess): Promise<void> {
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}

/** Resolves when something accepts connections there. @throws Error with what the program said, when it ended */
export async function listening(child: ChildProcess, port: number): Promise<void> {
  let said = "";
  const listen = (chunk: unknown): void => {
    if (said.length < 4000) said += String(chunk);
  };
  child.stdout?.on("data", listen);
  child.stderr?.on("data", listen);
  for (let attempt = 0; attempt < START_MS / POLL_MS; attempt++) {
    if (child.exitCode !== null) throw new Error(`it ended at once: ${said}`);
    if (await accepts(port)) return;
    await wait(POLL_MS);
  }
  throw new Error(`nothing listens on port ${port}: ${said}`);
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  server.close();
  await once(server, "close");
  return address.port;
}

/** What a program prints, or undefined when it is not there. */
export function outputOf(command: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(command, args, (error, stdout, stderr) => {
      const isMissing = error !== null && error.code === "ENOENT";
      resolve(isMissing ? undefined : stdout + stderr);
    });
  });
}
