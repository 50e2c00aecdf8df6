#!/usr/bin/env node
import { text } from "node:stream/consumers";
import { hashPassword } from "./access/password.ts";
import { type CommandLine, readCommandLine } from "./configuration/command-line.ts";
import { faultsError } from "./configuration/fault.ts";
import { helpText } from "./configuration/reference.ts";
import { resolveConfiguration } from "./configuration/resolve.ts";
import { openEngine } from "./engine.ts";
import { openLog } from "./log.ts";
import { openProtocols } from "./protocols.ts";
import { RunningBroker } from "./running-broker.ts";
import { StartError } from "./start-error.ts";
import { VERSION } from "./version.ts";

try {
  await run(readCommandLine(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof StartError)) throw error;
  process.stderr.write(`dragoman: ${error.message}\n`);
  process.exitCode = 1;
}

async function run(line: CommandLine): Promise<void> {
  switch (line.command) {
    case "help":
      process.stdout.write(helpText(VERSION));
      return;
    case "version":
      process.stdout.write(`${VERSION}\n`);
      return;
    case "hash-password":
      await printHash(line);
      return;
    case "start":
      await start(line);
  }
}

async function printHash({ faults }: CommandLine): Promise<void> {
  if (faults.length > 0) throw faultsError(faults);
  if (process.stdin.isTTY) process.stderr.write("Type the password, then Enter and Ctrl-D:\n");
  const password = (await text(process.stdin)).replace(/\r?\n$/, "");
  if (password === "") throw new StartError("no password on standard input");
  process.stdout.write(`${await hashPassword(password)}\n`);
}

async function start({ flags, faults }: CommandLine): Promise<void> {
  const configuration = resolveConfiguration({ flags, environment: process.env }, faults);
  const log = openLog(configuration.logLevel);
  const broker = await RunningBroker.start(configuration, {
    protocols: openProtocols(configuration),
    engine: openEngine(configuration),
    log,
  });
  const stop = (signal: NodeJS.Signals): void => {
    log.info({ signal }, "stopping");
    void broker.close().then(() => log.info({}, "stopped"));
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
}
