import {
  type Authority,
  Broker,
  BrokerError,
  DEFAULT_VIRTUAL_HOST,
  type Engine,
  type Protocol,
  type VirtualHost,
} from "@dragoman/core";
import { UserAuthority } from "./access/user-authority.ts";
import type { Configuration, Sections } from "./configuration/configuration.ts";
import type { Health } from "./health.ts";
import { type MessageHandler, subscribeLocally } from "./local/local-subscription.ts";
import { type OutgoingMessage, toMessage } from "./local/outgoing-message.ts";
import type { Log } from "./log.ts";
import { Monitor, type Monitored, systemGauges } from "./monitor.ts";
import { Flusher } from "./network/flusher.ts";
import { Gate } from "./network/gate.ts";
import { Listener, type ListenerAddress, type ListenerPlan } from "./network/listener.ts";
import { isExposed, planListeners } from "./network/listener-plan.ts";
import { Peers } from "./network/peer.ts";
import type { Household } from "./network/peer-transport.ts";
import { allUrls, type UrlKind, urlOf } from "./network/url.ts";
import { WebServer } from "./network/web-server.ts";
import { PROPERTY_CODECS } from "./protocols.ts";
import { StartError } from "./start-error.ts";
import { SYSTEM_CLOCK } from "./system-clock.ts";

/** What a broker is put together from. */
export interface BrokerParts {
  /** What is spoken, and how: on the ports of the settings, or on a listener with sections of its own. */
  readonly protocols: (users: UserAuthority | undefined, listener?: Sections) => readonly Protocol[];
  readonly engine: Engine;
  readonly log: Log;
  /** Without it, users and permissions are those of the configuration. */
  readonly authority?: Authority | undefined;
}

/** A broker that accepts clients. */
export class RunningBroker {
  readonly #core: Broker;
  readonly #peers: Peers;
  readonly #gate: Gate;
  readonly #log: Log;
  readonly #monitor: Monitor;
  readonly #shutdownTimeoutMs: number;
  #listeners: readonly Listener[] = [];
  #health: Health = "starting";
  #closing: Promise<void> | undefined;

  private constructor(core: Broker, configuration: Configuration, { engine, log }: BrokerParts) {
    const { allowedOrigins, maxMessageBytes, introductionTimeoutMs, shutdownTimeoutMs } = configuration;
    this.#core = core;
    this.#log = log;
    this.#monitor = openMonitor({ core, engine, clock: SYSTEM_CLOCK, log }, configuration);
    this.#shutdownTimeoutMs = shutdownTimeoutMs;
    this.#peers = new Peers();
    const household: Household = { broker: core, peers: this.#peers, flusher: new Flusher(), log };
    const web = new WebServer(household, {
      allowedOrigins,
      maxMessageBytes,
      requestTimeoutMs: introductionTimeoutMs,
      health: () => this.#health,
    });
    this.#gate = new Gate(household, configuration, web);
  }

  /** @throws StartError when a port or the storage cannot be used */
  static async start(configuration: Configuration, parts: BrokerParts): Promise<RunningBroker> {
    const users = new UserAuthority(configuration.users, isExposed(configuration));
    const { engine, authority = users } = parts;
    const known = authority === users ? users : undefined;
    const plans = planListeners(configuration, (listener) => parts.protocols(known, listener));
    const core = await openCore(configuration, { engine, authority, protocols: parts.protocols(known) });
    const broker = new RunningBroker(core, configuration, parts);
    broker.#monitor.start();
    try {
      await broker.#listen(plans);
    } catch (error) {
      await broker.close();
      throw error;
    }
    const { listeners } = broker;
    parts.log.info({ urls: allUrls(listeners), listeners }, "ready");
    return broker;
  }

  /** Where it can be reached. */
  get listeners(): readonly ListenerAddress[] {
    return this.#listeners.map(({ address }) => address);
  }

  /**
   * The address that clients on this machine connect to, such as `mqtt://127.0.0.1:1883`.
   *
   * @throws BrokerError "not-found" when no listener speaks it
   */
  url(kind: UrlKind): string {
    return urlOf(kind, this.listeners);
  }

  /**
   * Publishes without a socket. Resolves when the message has been routed and every durable copy is on
   * stable storage; rejects with BrokerError "not-found" when there is no such exchange, "overflow" when a
   * queue refuses it, "unavailable" when it could not be stored, "shutdown" once `close` was called.
   *
   * @returns false when nothing was bound that selects it
   */
  async publish(message: OutgoingMessage): Promise<boolean> {
    const vhost = this.#openVirtualHost();
    const complete = toMessage(message, vhost.topics, SYSTEM_CLOCK.now());
    return await new Promise((resolve, reject) => {
      const receipts = this.#core.ledger.open({
        accepted: (_tag, outcome) => {
          if (outcome === "overflow")
            reject(new BrokerError("overflow", "a queue is full and refuses the message"));
          else if (outcome === "unavailable") reject(new BrokerError("unavailable", "the storage failed"));
          else resolve(outcome === "routed");
        },
      });
      vhost.publish(complete, receipts);
    });
  }

  /**
   * Subscribes without a socket. Messages that are retained come first.
   *
   * @param filter as MQTT writes it: `+` for one level, a final `#` for any number
   * @returns a function that ends the subscription
   * @throws BrokerError "bad-address" when the filter cannot be one, "shutdown" once `close` was called
   */
  subscribe(filter: string, handler: MessageHandler): () => void {
    return subscribeLocally(this.#openVirtualHost(), filter, handler, this.#log);
  }

  /** Says goodbye to all clients, waits for them within bounds, and frees ports, timers and storage. */
  close(): Promise<void> {
    return (this.#closing ??= this.#drain());
  }

  #openVirtualHost(): VirtualHost {
    if (this.#closing !== undefined) throw new BrokerError("shutdown", "the broker is closed");
    return this.#core.virtualHost(DEFAULT_VIRTUAL_HOST);
  }

  async #listen(plans: readonly ListenerPlan[]): Promise<void> {
    for (const plan of plans) this.#listeners = [...this.#listeners, await Listener.open(plan, this.#gate)];
    this.#health = "ready";
  }

  async #drain(): Promise<void> {
    this.#health = "draining";
    this.#gate.drain();
    await this.#peers.shutdown(this.#shutdownTimeoutMs);
    this.#gate.close();
    await Promise.all(this.#listeners.map((listener) => listener.close()));
    this.#monitor.stop();
    await this.#core.close();
  }
}

function openMonitor(monitored: Monitored, configuration: Configuration): Monitor {
  const { ephemeral, dataDir, memoryPercent, minFreeDiskBytes } = configuration;
  const gauges = systemGauges(memoryPercent, ephemeral ? undefined : dataDir);
  return new Monitor(monitored, gauges, minFreeDiskBytes);
}

interface CoreParts {
  readonly engine: Engine;
  readonly authority: Authority;
  readonly protocols: readonly Protocol[];
}

async function openCore(
  { users, virtualHosts, maxMessageBytes }: Configuration,
  { engine, authority, protocols }: CoreParts,
): Promise<Broker> {
  const ports = { clock: SYSTEM_CLOCK, engine, authority, propertyCodecs: PROPERTY_CODECS };
  const core = new Broker(ports, { maxMessageBytes });
  try {
    await core.open();
    for (const protocol of protocols) protocol.resume?.(core);
    const named = users.flatMap(({ permissions = [] }) => permissions.map(({ virtualHost }) => virtualHost));
    for (const name of new Set([...virtualHosts, ...named])) await core.createVirtualHost(name);
  } catch (error) {
    if (error instanceof BrokerError) throw new StartError(error.message, { cause: error });
    throw error;
  }
  return core;
}
