import { pino } from "pino";
import { prettyFactory } from "pino-pretty";
import type { LogLevel } from "./configuration/configuration.ts";

/** Where the broker says what it does. A logger of pino is one. */
export interface Log {
  debug(details: object, message: string): void;
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

/** Says nothing. */
export const SILENT: Log = { debug: ignore, info: ignore, warn: ignore, error: ignore };

/** Where text goes. */
export interface Output {
  readonly isTTY?: boolean | undefined;
  write(text: string): unknown;
}

/** JSON lines, or coloured text when the output is a terminal. */
export function openLog(level: LogLevel, output: Output): Log {
  const options = { level, timestamp: pino.stdTimeFunctions.isoTime, formatters: { bindings: () => ({}) } };
  const pretty = prettyFactory({
    colorize: true,
    translateTime: "SYS:HH:MM:ss.l",
    singleLine: true,
    // Programs read them; for people the addresses say enough.
    ignore: "listeners",
  });
  const isTerminal = output.isTTY === true;
  return pino(options, {
    write: (line: string) => void output.write(isTerminal ? pretty(line) : line),
  });
}

function ignore(): void {
  // Nobody listens.
}
