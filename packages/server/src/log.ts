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

/** JSON lines on standard output, or coloured text when that is a terminal. */
export function openLog(level: LogLevel): Log {
  const options = { level, timestamp: pino.stdTimeFunctions.isoTime, formatters: { bindings: () => ({}) } };
  if (!process.stdout.isTTY) return pino(options);
  const pretty = prettyFactory({ colorize: true, translateTime: "SYS:HH:MM:ss.l" });
  return pino(options, { write: (line: string) => void process.stdout.write(pretty(line)) });
}

function ignore(): void {
  // Nobody listens.
}
