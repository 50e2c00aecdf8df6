import type { Authority, Credentials, Identity } from "./authority.ts";
import { Client } from "./client.ts";
import type { Clock } from "./clock.ts";
import { Drops } from "./drops.ts";
import type { Engine } from "./engine.ts";
import { BrokerError } from "./errors.ts";
import { Ledger } from "./ledger.ts";
import { MessageDecoder } from "./message-record.ts";
import { type Paging, STANDARD_PAGING } from "./paging.ts";
import { Pressure } from "./pressure.ts";
import type { PropertyCodec } from "./properties.ts";
import { Timers } from "./timers.ts";
import { Traffic } from "./traffic.ts";
import { VirtualHost } from "./virtual-host.ts";

/** The virtual host of clients that name none. */
export const DEFAULT_VIRTUAL_HOST = "/";

export interface BrokerPorts {
  readonly clock: Clock;
  readonly engine: Engine;
  readonly authority: Authority;
  /** How to read stored messages back: of every protocol that may have published them. */
  readonly propertyCodecs: readonly PropertyCodec[];
}

/** Limits that all protocols keep. */
export interface BrokerLimits {
  /** Bytes of a message's body, at most. */
  readonly maxMessageBytes: number;
  /** How much of long queues is in memory; as `STANDARD_PAGING` says unless given. */
  readonly paging?: Paging | undefined;
}

/** What a connection says of itself when it logs in. */
export interface ConnectRequest {
  readonly credentials: Credentials;
  /** What the authority said of the same peer and virtual host before: it is not asked again. */
  readonly proved?: Identity | undefined;
  readonly virtualHost: string;
  readonly protocol: string;
  readonly version: string;
  /** The name under which a later connection is the same client. */
  readonly clientId?: string | undefined;
  /** Address and port of the peer, as text. */
  readonly peer: string;
  readonly isLoopback: boolean;
}

/** The core as a whole: virtual hosts, and what they share. */
export class Broker {
  readonly authority: Authority;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly drops: Drops = new Drops();
  readonly ledger: Ledger;
  readonly pressure: Pressure = new Pressure();
  readonly limits: BrokerLimits;
  /** Milliseconds since 1970. */
  readonly startedAtMs: number;
  /** Connections that have logged in. */
  readonly clients: Set<Client> = new Set();
  readonly #engine: Engine;
  readonly #decoder: MessageDecoder;
  readonly #virtualHosts = new Map<string, VirtualHost>();
  readonly #traffic = new Map<string, Traffic>();
  readonly #forgetful: (() => void)[] = [];
  #connections = 0;

  constructor(ports: BrokerPorts, limits: BrokerLimits) {
    this.authority = ports.authority;
    this.clock = ports.clock;
    this.startedAtMs = ports.clock.now();
    this.timers = new Timers(ports.clock);
    this.limits = limits;
    this.#engine = ports.engine;
    this.#decoder = new MessageDecoder(ports.propertyCodecs);
    this.ledger = new Ledger(ports.engine);
  }

  /**
   * Opens the engine and takes back what it kept. To be called once, first; then each protocol's `resume`.
   *
   * @throws BrokerError "unavailable" when the storage cannot be used
   */
  async open(): Promise<void> {
    this.#engine.onFailure(() => this.pressure.raise("storage"));
    this.#engine.onCommit(() => this.pressure.ease("storage"));
    await this.#engine.open();
    const names = new Set([DEFAULT_VIRTUAL_HOST]);
    for await (const found of this.#engine.metadata.names("vhost", ""))
      for (const name of found) names.add(name);
    for (const name of names) await this.#addVirtualHost(name).recover();
    for (const { sessions } of this.#virtualHosts.values()) sessions.resume();
  }

  /** Batches that the engine has brought to stable storage; does not grow when it keeps all in memory. */
  get commits(): number {
    return this.#engine.committed;
  }

  /** `forget` is called whenever the process is short of memory: what can be found again may go. */
  onPageOut(forget: () => void): void {
    this.#forgetful.push(forget);
  }

  /** The process is short of memory: queues keep little of what they can read again from the log, and routes go. */
  pageOut(): void {
    for (const forget of this.#forgetful) forget();
    for (const { topology, topics } of this.#virtualHosts.values()) {
      topology.router.forget();
      topics.clear();
      for (const queue of topology.queues.values()) queue.pageOut();
    }
  }

  /**
   * Ends all timers, commits what is not on stable storage yet and releases the engine.
   *
   * @throws BrokerError "unavailable" when it could not be committed; publishers are told
   */
  async close(): Promise<void> {
    this.timers.stop();
    try {
      await this.#engine.close();
    } finally {
      this.ledger.fail();
    }
  }

  /** What went over the wire in that protocol: the same object each time. */
  traffic(protocol: string): Traffic {
    let traffic = this.#traffic.get(protocol);
    if (traffic === undefined) this.#traffic.set(protocol, (traffic = new Traffic()));
    return traffic;
  }

  virtualHosts(): Iterable<VirtualHost> {
    return this.#virtualHosts.values();
  }

  /** @throws BrokerError "not-found" */
  virtualHost(name: string): VirtualHost {
    const vhost = this.#virtualHosts.get(name);
    if (vhost === undefined) throw new BrokerError("not-found", `no virtual host '${name}'`);
    return vhost;
  }

  /** Creates the virtual host; does nothing when it is there. */
  async createVirtualHost(name: string): Promise<VirtualHost> {
    const vhost = this.#virtualHosts.get(name) ?? this.#addVirtualHost(name);
    this.#engine.metadata.put("vhost", name, new Uint8Array());
    await vhost.durable();
    return vhost;
  }

  /**
   * Logs a connection in.
   *
   * @throws BrokerError "bad-credentials", "not-authorized", or "not-found" for the virtual host
   */
  async connect(request: ConnectRequest): Promise<Client> {
    const { credentials, virtualHost, protocol, version, peer, isLoopback } = request;
    // First the proof: who cannot give it learns nothing about virtual hosts.
    const identity =
      request.proved ??
      (await this.authority.connect(credentials, virtualHost, { protocol, peer, isLoopback }));
    const vhost = this.virtualHost(virtualHost);
    const connectionId = `${protocol}-${++this.#connections}`;
    const client = new Client(this, vhost, identity, {
      protocol,
      version,
      connectionId,
      clientId: request.clientId ?? connectionId,
      user: identity.user,
      peer,
    });
    this.clients.add(client);
    return client;
  }

  #addVirtualHost(name: string): VirtualHost {
    const { timers, drops, ledger } = this;
    const { paging = STANDARD_PAGING } = this.limits;
    const ports = { engine: this.#engine, timers, drops, ledger, decoder: this.#decoder, paging };
    const vhost = new VirtualHost(name, ports);
    this.#virtualHosts.set(name, vhost);
    return vhost;
  }
}
