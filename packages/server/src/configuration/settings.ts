import { LOG_LEVELS, type Settings } from "./configuration.ts";
import { choice, integer, list, port, text, toggle } from "./form.ts";
import type { Setting } from "./setting.ts";

/** The one table behind flags, environment, file, `--help` and the reference page. */
export const SETTINGS: { readonly [K in keyof Settings]: Setting<Settings[K]> } = {
  host: {
    standard: "127.0.0.1",
    form: text("address", "an address of this machine, such as 127.0.0.1 or 0.0.0.0"),
    help: "address to listen on; on any that other machines can reach, anonymous and guest logins are refused until users are configured",
  },
  mqttPort: { standard: 1883, form: port(), help: "TCP port for MQTT" },
  stompPort: { standard: 61_613, form: port(), help: "TCP port for STOMP" },
  amqpPort: { standard: 5672, form: port(), help: "TCP port for AMQP 0-9-1" },
  httpPort: {
    standard: 8080,
    form: port(),
    help: "TCP port for HTTP: /health, and WebSocket at /mqtt, /stomp and /amqp",
  },
  dataDir: {
    standard: "./dragoman-data",
    form: text("directory", "a directory that the broker may write to"),
    help: "directory for what must survive a restart",
  },
  ephemeral: { standard: false, form: toggle(), help: "keep everything in memory, nothing on disk" },
  durability: {
    standard: "sync",
    form: choice("level", ["sync", "os"]),
    help: "when a message counts as stored: sync, the disk has it and it survives a power failure; os, the operating system has it and it survives the end of the process, but a power failure may cost the whole directory",
  },
  memoryPercent: {
    standard: 40,
    form: integer("percent", 1, 100),
    help: "share of the machine's or the container's memory at which publishers are stopped",
  },
  minFreeDiskBytes: {
    standard: 256 * 1024 * 1024,
    form: integer("bytes", 0, Number.MAX_SAFE_INTEGER),
    help: "space on the disk of the data directory, with what its file does not use any more, below which publishers are stopped; with less than 32 MiB nothing is stored any more, settlements neither",
  },
  logLevel: {
    standard: "info",
    form: choice("level", LOG_LEVELS),
    help: "how much to log: JSON lines, or coloured text on a terminal",
  },
  maxConnections: {
    standard: 100_000,
    form: integer("count", 1, 10_000_000),
    help: "connections at a time, of all listeners together; more are closed at once",
  },
  maxMessageBytes: {
    standard: 16 * 1024 * 1024,
    form: integer("bytes", 1024, 256 * 1024 * 1024),
    help: "size of a message's body, at most",
  },
  introductionTimeoutMs: {
    standard: 10_000,
    form: integer("ms", 1000, 600_000),
    help: "milliseconds that a new peer has to show which protocol it speaks, and then to log in",
  },
  shutdownTimeoutMs: {
    standard: 5000,
    form: integer("ms", 0, 600_000),
    help: "milliseconds that clients have to leave when the broker stops",
  },
  allowedOrigins: {
    standard: [],
    form: list("list", "web origins such as https://example.org, separated by commas"),
    help: "web pages that may connect over WebSocket, by origin; without it, all",
  },
};

/** `mqttPort` as a flag: `--mqtt-port`. */
export function flagOf(key: string): string {
  return `--${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** `mqttPort` in the environment: `DRAGOMAN_MQTT_PORT`. */
export function variableOf(key: string): string {
  return `DRAGOMAN_${key.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** The names of all settings, in the order of the table. */
export const SETTING_KEYS: readonly (keyof Settings)[] = Object.keys(SETTINGS).filter(isSettingKey);

export function isSettingKey(key: string): key is keyof Settings {
  return Object.hasOwn(SETTINGS, key);
}
