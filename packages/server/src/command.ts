import { text } from "node:stream/consumers";
import { hashPassword, hashPasswordForScram } from "./access/password.ts";
import { backUp, check } from "./data-commands.ts";
import { type CommandLine, readCommandLine } from "./configuration/command-line.ts";
import type { Configuration } from "./configuration/configuration.ts";
import { faultsError } from "./configuration/fault.ts";
import { helpText } from "./configuration/reference.ts";
import { resolveConfiguration } from "./configuration/resolve.ts";
import { openEngine } from "./engine.ts";
import { openLog, type Output } from "./log.ts";
import { openProtocols } from "./protocols.ts";
import { RunningBroker } from "./running-broker.ts";
import { StartError } from "./start-error.ts";
import { VERSION } from "./version.ts";

/** What a command may touch of its process. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean | undefined };
  readonly stdout: Output;
  readonly stderr: Output;
  once(signal: "SIGTERM" | "SIGINT", listener: (signal: string) => void): unknown;
}

/**
 * Does what was typed, until it is done or a signal ends it.
 *
 * @param words what follows the program's name
 * @returns the exit code
 */
export async function runCommand(words: readonly string[], surroundings: Surroundings): Promise<0 | 1> {
  const line = readCommandLine(words);
  try {
    await run(line, surroundings);
    return 0;
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    surroundings.stderr.write(`dragoman: ${error.message}\n`);
    return 1;
  }
}

async function run(line: CommandLine, surroundings: Surroundings): Promise<void> {
  const { stdout } = surroundings;
  switch (line.command) {
    case "help":
      stdout.write(helpText(VERSION));
      return;
    case "version":
      stdout.write(`${VERSION}\n`);
      return;
    case "hash-password":
      await printHash(line, surroundings);
      return;
    case "check":
      await check(configurationOf(line, surroundings), surroundings.stdout);
      return;
    case "backup":
      await backUp(configurationOf(line, surroundings), line.flags.get("to"), surroundings.stdout);
      return;
    case "start":
      await start(configurationOf(line, surroundings), surroundings);
  }
}

async function printHash(
  { flags, faults }: CommandLine,
  { stdin, stdout, stderr }: Surroundings,
): Promise<void> {
  if (faults.length > 0) throw faultsError(faults);
  if (stdin.isTTY === true) stderr.write("Type the password, then Enter and Ctrl-D:\n");
  const password = (await text(stdin)).replace(/\r?\n$/, "");
  if (password === "") throw new StartError("no password on standard input");
  const hash = flags.has("scram") ? hashPasswordForScram : hashPassword;
  stdout.write(`${await hash(password)}\n`);
}

function configurationOf({ flags, faults }: CommandLine, { env }: Surroundings): Configuration {
  return resolveConfiguration({ flags, environment: env }, faults);
}

async function start(configuration: Configuration, surroundings: Surroundings): Promise<void> {
  const log = openLog(configuration.logLevel, surroundings.stdout);
  const signalled = new Promise<string>((resolve) => {
    surroundings.once("SIGTERM", resolve);
    surroundings.once("SIGINT", resolve);
  });
  const broker = await RunningBroker.start(configuration, {
    protocols: (users, listener) => openProtocols(configuration, users, listener),
    engine: openEngine(configuration),
    log,
  });
  const signal = await signalled;
  log.info({ signal }, "stopping");
  await broker.close();
  log.info({}, "stopped");
}
