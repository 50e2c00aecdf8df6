import { parseArgs } from "node:util";

export interface Options {
  /** Cases to run; all when empty. */
  readonly cases: readonly string[];
  /** Measured seconds of each case and broker. */
  readonly seconds: number;
  /** Also the other brokers that are installed. */
  readonly peers: boolean;
  /** The short form: few cases, about a second each. */
  readonly short: boolean;
  /** The cases that must all cost the same. */
  readonly flat: boolean;
  /** Memory and time to start of a broker that keeps much. */
  readonly scale: boolean;
  /** Messages to be filled in, left behind and read back; undefined for the cases. */
  readonly backlog: number | undefined;
  /** Writes the table to RESULTS.md. */
  readonly write: boolean;
  /** The server of another checkout, to be compared with. */
  readonly baseline: string | undefined;
  /** A directory for the server's processor profiles. */
  readonly profile: string | undefined;
}

export const usage = `npm run bench -- [options]
  --case NAME       only this case; may be repeated
  --seconds N       measured seconds for each case and broker (3)
  --peers           beside Dragoman the brokers that are installed: mosquitto, nats-server, rabbitmq-server, aedes
  --short           a few cases of one second each
  --flat            the same traffic beside ever more subscriptions, topics, connections and waiting messages
  --scale           memory and time to start with many kept sessions and retained messages; up to 15 minutes
  --backlog N       fills a durable queue with N messages, kills the broker and reads them back
  --write           writes packages/bench/RESULTS.md
  --baseline FILE   beside it another build: its packages/server/dist/main.js
  --profile DIR     writes V8 processor profiles of the server there`;

/** @throws TypeError for an option that does not exist, or that is no number where it should be one */
export function readOptions(args: readonly string[]): Options | "help" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      case: { type: "string", multiple: true, default: [] },
      seconds: { type: "string" },
      peers: { type: "boolean", default: false },
      short: { type: "boolean", default: false },
      flat: { type: "boolean", default: false },
      scale: { type: "boolean", default: false },
      backlog: { type: "string" },
      write: { type: "boolean", default: false },
      baseline: { type: "string" },
      profile: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return "help";
  const { short, peers, flat, scale, write, baseline, profile } = values;
  const seconds = values.seconds === undefined ? (short ? 1 : 3) : positive("seconds", values.seconds);
  const backlog = values.backlog === undefined ? undefined : whole("backlog", values.backlog);
  return { cases: values.case, seconds, peers, short, flat, scale, backlog, write, baseline, profile };
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new TypeError(`--${name} is a number above 0, not "${text}"`);
}

function whole(name: string, text: string): number {
  const value = positive(name, text);
  if (Number.isSafeInteger(value)) return value;
  throw new TypeError(`--${name} is a whole number, not "${text}"`);
}
