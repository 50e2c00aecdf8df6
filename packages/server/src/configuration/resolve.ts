import { readFileSync } from "node:fs";
import type { Configuration, PartialConfiguration, Settings } from "./configuration.ts";
import { type Fault, faultsError } from "./fault.ts";
import { readFileText } from "./file.ts";
import { flagOf, isSettingKey, SETTING_KEYS, SETTINGS, variableOf } from "./settings.ts";

/** Where the configuration comes from, the strongest first. */
export interface Sources {
  /** By key, as text. */
  readonly flags: ReadonlyMap<string, string>;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * Flags beat the environment, which beats the file, which beats the standard.
 *
 * @param known faults that were found before
 * @throws StartError that names every fault at once
 */
export function resolveConfiguration(sources: Sources, known: readonly Fault[] = []): Configuration {
  const { flags, environment } = sources;
  const faults = [...known];
  const config = flags.get("config") ?? environment[variableOf("config")];
  const file = config === undefined ? {} : readFile(config, faults);
  // Unknown variables are no faults: a cluster sets its own beside ours (DRAGOMAN_SERVICE_HOST).
  const fromEnvironment = readTexts(
    (key) => environment[variableOf(key)],
    (key) => variableOf(key),
    faults,
  );
  const fromFlags = readTexts(
    (key) => flags.get(key),
    (key) => flagOf(key),
    faults,
  );
  if (faults.length > 0) throw faultsError(faults);
  return withStandards({ ...file, ...fromEnvironment, ...fromFlags });
}

/** Listeners that are named stand in place of the standard ports, but not of ports that are named too. */
export function withStandards(given: PartialConfiguration): Configuration {
  const listeners = given.listeners ?? [];
  const standardPort = <K extends "mqttPort" | "stompPort" | "amqpPort" | "httpPort">(key: K): Settings[K] =>
    given[key] ?? (listeners.length > 0 ? "off" : SETTINGS[key].standard);
  const standard = <K extends keyof Settings>(key: K): Settings[K] => given[key] ?? SETTINGS[key].standard;
  return {
    host: standard("host"),
    mqttPort: standardPort("mqttPort"),
    stompPort: standardPort("stompPort"),
    amqpPort: standardPort("amqpPort"),
    httpPort: standardPort("httpPort"),
    dataDir: standard("dataDir"),
    ephemeral: standard("ephemeral"),
    durability: standard("durability"),
    memoryPercent: standard("memoryPercent"),
    minFreeDiskBytes: standard("minFreeDiskBytes"),
    logLevel: standard("logLevel"),
    maxConnections: standard("maxConnections"),
    maxMessageBytes: standard("maxMessageBytes"),
    introductionTimeoutMs: standard("introductionTimeoutMs"),
    shutdownTimeoutMs: standard("shutdownTimeoutMs"),
    allowedOrigins: standard("allowedOrigins"),
    listeners,
    mqtt: given.mqtt,
    stomp: given.stomp,
    amqp: given.amqp,
    virtualHosts: virtualHostsOf(given),
    users: given.users ?? [],
  };
}

/** Those that are named, and those that MQTT clients are sent to. */
function virtualHostsOf({ virtualHosts = [], mqtt, listeners = [] }: PartialConfiguration): string[] {
  const sentTo = [mqtt, ...listeners.map((listener) => listener.mqtt)].flatMap(
    (section) => section?.virtualHost ?? [],
  );
  return [...new Set([...virtualHosts, ...sentTo])];
}

function readFile(name: string, faults: Fault[]): PartialConfiguration {
  let source: string;
  try {
    source = readFileSync(name, "utf8");
  } catch (error) {
    const reason = error instanceof Error && "code" in error ? String(error.code) : String(error);
    faults.push({ where: name, what: `the configuration file cannot be read (${reason})` });
    return {};
  }
  const contents = readFileText(source, name);
  faults.push(...contents.faults);
  return contents.values;
}

function readTexts(
  textOf: (key: keyof Settings) => string | undefined,
  nameOf: (key: keyof Settings) => string,
  faults: Fault[],
): PartialConfiguration {
  const values: Record<string, unknown> = {};
  for (const key of SETTING_KEYS) {
    const given = textOf(key);
    if (given === undefined) continue;
    const { form } = SETTINGS[key];
    const result = form.schema.safeParse(form.fromText(given));
    if (result.success) values[key] = result.data;
    else faults.push({ where: nameOf(key), what: `is ${JSON.stringify(given)}; want ${form.want}` });
  }
  return isPartial(values) ? values : {};
}

/** Each value has passed the schema of its own key. */
function isPartial(values: Record<string, unknown>): values is PartialConfiguration {
  return Object.keys(values).every(isSettingKey);
}
