import type { Authority } from "@dragoman/core";
import { GuardedAuthority } from "./access/guarded-authority.ts";
import type { PartialConfiguration } from "./configuration/configuration.ts";
import { faultsError } from "./configuration/fault.ts";
import { checkOptions } from "./configuration/options.ts";
import { withStandards } from "./configuration/resolve.ts";
import { openEngine } from "./engine.ts";
import { type Log, SILENT } from "./log.ts";
import { openProtocols } from "./protocols.ts";
import { RunningBroker } from "./running-broker.ts";

/** Every key of the configuration file, and what only a program can give. */
export interface BrokerOptions extends Omit<PartialConfiguration, "logLevel"> {
  /** A logger of pino, or anything like it. Without it nothing is logged. */
  readonly log?: Log | undefined;
  /** Decides who may do what, in place of `users`. A client is refused when it throws anything but BrokerError. */
  readonly authority?: Authority | undefined;
}

/**
 * Starts a broker inside this program. Without options it speaks every protocol on one free port of the
 * loopback address, and keeps nothing after it was closed; with `dataDir` it keeps what is durable.
 *
 * @throws StartError when an option is wrong, or a port or the storage cannot be used
 */
export async function createBroker(options: BrokerOptions = {}): Promise<RunningBroker> {
  const { log = SILENT, authority, ...given } = options;
  const faults = checkOptions(given);
  if (faults.length > 0) throw faultsError(faults);
  const { mqttPort, stompPort, amqpPort, httpPort, listeners } = given;
  const namesPort = [mqttPort, stompPort, amqpPort, httpPort, listeners].some((one) => one !== undefined);
  const configuration = withStandards({
    ...given,
    listeners: namesPort ? listeners : [{ port: 0 }],
    ephemeral: given.ephemeral ?? given.dataDir === undefined,
  });
  return RunningBroker.start(configuration, {
    protocols: (users, listener) => openProtocols(configuration, users, listener),
    engine: openEngine(configuration),
    log,
    authority: authority && new GuardedAuthority(authority, log),
  });
}
