import type { Durability } from "@dragoman/engine-lmdb";
import type { UserSpec } from "../access/user.ts";
import type { AmqpSettings } from "./amqp-section.ts";
import type { MqttSettings } from "./mqtt-section.ts";
import type { Section } from "./section.ts";
import type { StompSettings } from "./stomp-section.ts";

/** A TCP port; 0 takes a free one, "off" opens none. */
export type Port = number | "off";

export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What a listener can be narrowed to. */
export const SPOKEN = ["mqtt", "stomp", "amqp", "http"] as const;
/** A wire protocol, or HTTP with WebSocket. */
export type Spoken = (typeof SPOKEN)[number];

/** Files in PEM form. */
export interface TlsSpec {
  readonly certFile: string;
  readonly keyFile: string;
  /** Certificates that clients must prove to be signed by; without it clients need none. */
  readonly clientCaFile?: string | undefined;
}

/** What protocols can be told, each in its own section. */
export interface Sections {
  readonly mqtt?: Section<MqttSettings> | undefined;
  readonly stomp?: Section<StompSettings> | undefined;
  readonly amqp?: Section<AmqpSettings> | undefined;
}

/** A port of its own. Its sections say what is different from those of the whole configuration. */
export interface ListenerSpec extends Sections {
  /** 0 takes a free one. */
  readonly port: number;
  /** Without it, `host` of the whole configuration. */
  readonly host?: string | undefined;
  /** Without it, all. The first one answers a peer whose first bytes none of them recognises. */
  readonly protocols?: readonly Spoken[] | undefined;
  readonly tls?: TlsSpec | undefined;
}

/** What can be said in one word: as a flag, in the environment and in the file. */
export interface Settings {
  readonly host: string;
  readonly mqttPort: Port;
  readonly stompPort: Port;
  readonly amqpPort: Port;
  readonly httpPort: Port;
  readonly dataDir: string;
  readonly ephemeral: boolean;
  readonly durability: Durability;
  readonly memoryPercent: number;
  readonly minFreeDiskBytes: number;
  readonly logLevel: LogLevel;
  readonly maxConnections: number;
  readonly maxMessageBytes: number;
  readonly introductionTimeoutMs: number;
  readonly shutdownTimeoutMs: number;
  /** Empty for any. */
  readonly allowedOrigins: readonly string[];
}

/** Everything that the broker can be told. */
export interface Configuration extends Settings, Sections {
  /** In addition to the ports. */
  readonly listeners: readonly ListenerSpec[];
  /** Created at the start; `/` is always there. */
  readonly virtualHosts: readonly string[];
  /** Empty for the built-in `guest` and anonymous access from this machine. */
  readonly users: readonly UserSpec[];
}

/** A part of the configuration, from one source. */
export type PartialConfiguration = {
  readonly [K in keyof Configuration]?: Configuration[K] | undefined;
};
