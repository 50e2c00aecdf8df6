import type { Broker, Session, VirtualHost } from "@dragoman/core";
import type { SessionState } from "../connection/session-state.ts";
import { sessionPrefix } from "../connection/session-states.ts";
import { LoadAverage } from "./load-average.ts";

/** What `$SYS` is told from. */
export interface SystemSource {
  readonly broker: Broker;
  readonly vhost: VirtualHost;
  readonly version: string;
  /** Undefined when nothing is under way in the session. */
  readonly findState: (session: Session) => SessionState | undefined;
}

/** The spans of load averages, in minutes, with the names that Mosquitto gives them. */
const spans: readonly (readonly [name: string, minutes: number])[] = [
  ["1min", 1],
  ["5min", 5],
  ["15min", 15],
];

/**
 * What `$SYS` says: the topics below `$SYS/broker/` that users of Mosquitto know, and ours below `$SYS/broker/clients/
 * protocol/`, `…/drops/` and `…/queues/`. Everything is read when it is told; nothing is kept for it but counters.
 */
export class SystemFigures {
  readonly #source: SystemSource;
  /** Averages by the name of what they are of. */
  readonly #loads = new Map<string, readonly LoadAverage[]>();
  readonly #before = new Map<string, number>();
  /** By protocol: those of a protocol whose last client has left are told once more, as none. */
  readonly #clients = new Map<string, number>();
  #maximum = 0;

  constructor(source: SystemSource) {
    this.#source = source;
  }

  /**
   * Topics below `$SYS/broker/` with their values.
   *
   * @param seconds since it was called last, more than 0
   */
  read(seconds: number): Map<string, string> {
    const { broker, version, vhost } = this.#source;
    const traffic = broker.traffic("mqtt");
    const dropped = [...broker.drops.all().values()].reduce((sum, count) => sum + count, 0);
    const counters: readonly (readonly [topic: string, count: number])[] = [
      ["messages/received", traffic.packetsReceived],
      ["messages/sent", traffic.packetsSent],
      ["publish/messages/received", traffic.messagesReceived],
      ["publish/messages/sent", traffic.messagesSent],
      ["publish/messages/dropped", dropped],
      ["bytes/received", traffic.bytesReceived],
      ["bytes/sent", traffic.bytesSent],
    ];
    const figures = new Map<string, string>([
      ["version", version],
      ["uptime", `${Math.floor((broker.clock.now() - broker.startedAtMs) / 1_000)} seconds`],
      ["retained messages/count", String(vhost.retained.count)],
      ["store/commits", String(broker.commits)],
    ]);
    for (const [topic, count] of counters) {
      figures.set(topic, String(count));
      this.#addLoad(figures, topic, count, seconds);
    }
    this.#addLoad(figures, "connections", traffic.connections, seconds);
    this.#addClients(figures);
    this.#addSessions(figures);
    this.#addQueues(figures);
    for (const [reason, count] of broker.drops.all()) figures.set(`drops/${reason}`, String(count));
    return figures;
  }

  #addLoad(figures: Map<string, string>, topic: string, count: number, seconds: number): void {
    let loads = this.#loads.get(topic);
    if (loads === undefined)
      this.#loads.set(topic, (loads = spans.map(([, minutes]) => new LoadAverage(minutes))));
    const added = count - (this.#before.get(topic) ?? 0);
    this.#before.set(topic, count);
    for (const [index, load] of loads.entries()) {
      load.add(added, seconds);
      figures.set(`load/${topic}/${spans[index]?.[0]}`, load.value.toFixed(2));
    }
  }

  #addClients(figures: Map<string, string>): void {
    const byProtocol = this.#clients;
    for (const protocol of byProtocol.keys()) byProtocol.set(protocol, 0);
    for (const { publisher } of this.#source.broker.clients) {
      byProtocol.set(publisher.protocol, (byProtocol.get(publisher.protocol) ?? 0) + 1);
    }
    for (const [protocol, count] of byProtocol) figures.set(`clients/protocol/${protocol}`, String(count));
  }

  #addSessions(figures: Map<string, string>): void {
    const { vhost, findState } = this.#source;
    let [connected, disconnected, inflight] = [0, 0, 0];
    for (const session of vhost.sessions.all()) {
      if (!session.id.startsWith(sessionPrefix)) continue;
      if (session.holder === undefined) disconnected++;
      else connected++;
      inflight += findState(session)?.inflight ?? 0;
    }
    this.#maximum = Math.max(this.#maximum, connected);
    figures.set("clients/connected", String(connected));
    figures.set("clients/disconnected", String(disconnected));
    figures.set("clients/total", String(connected + disconnected));
    figures.set("clients/maximum", String(this.#maximum));
    figures.set("subscriptions/count", String(vhost.topology.subscriptionCount));
    figures.set("messages/inflight", String(inflight));
  }

  #addQueues(figures: Map<string, string>): void {
    const { queues } = this.#source.vhost.topology;
    let [messages, bytes] = [0, 0];
    for (const { messageCount, byteCount } of queues.values()) {
      messages += messageCount;
      bytes += byteCount;
    }
    figures.set("messages/stored", String(messages));
    figures.set("store/messages/count", String(messages));
    figures.set("store/messages/bytes", String(bytes));
    figures.set("queues/count", String(queues.size));
  }
}
