import type { Broker, Session, Traffic, VirtualHost } from "@dragoman/core";
import type { ProtocolVersion } from "../codec/protocol-version.ts";
import { TopicTable } from "../forward/topic-table.ts";
import { tellSystem } from "../system/system-topics.ts";
import { PropertyEncodings } from "../translation/foreign-properties.ts";
import { Mounts } from "../translation/mounts.ts";
import type { MqttOptions } from "./options.ts";
import { LastPublish } from "./publish-encoder.ts";
import type { SessionState } from "./session-state.ts";
import { SessionStates } from "./session-states.ts";
import type { ShareGroups } from "./share-groups.ts";

/** What all MQTT connections of one broker that have the same options share. */
export class MqttContext {
  readonly broker: Broker;
  readonly options: MqttOptions;
  readonly encodings: PropertyEncodings;
  readonly mounts: Mounts;
  readonly last: LastPublish = new LastPublish();
  readonly traffic: Traffic;
  readonly #states: SessionStates;
  readonly #topics = new WeakMap<VirtualHost, TopicTable>();

  constructor(broker: Broker, options: MqttOptions) {
    this.broker = broker;
    this.options = options;
    this.encodings = new PropertyEncodings(options);
    this.mounts = new Mounts(options.mounts);
    this.traffic = broker.traffic("mqtt");
    this.#states = SessionStates.ofBroker(broker);
    this.#tellSystem();
  }

  /** Largest packet accepted, in bytes: undefined leaves room for a largest message's topic and properties. */
  get maxPacketBytes(): number {
    return this.options.maxPacketBytes ?? Math.min(this.broker.limits.maxMessageBytes + 262_144, 268_435_460);
  }

  /** Clients of that version send and get properties in an envelope. */
  encloses(version: ProtocolVersion): boolean {
    return version !== 5 && this.options.mqtt3Envelope === "json";
  }

  groupsOf(vhost: VirtualHost): ShareGroups {
    return this.#states.groupsOf(vhost);
  }

  topicsOf(vhost: VirtualHost): TopicTable {
    return this.#topics.get(vhost) ?? this.#makeTopics(vhost);
  }

  #makeTopics(vhost: VirtualHost): TopicTable {
    const topics = new TopicTable(vhost, this.mounts);
    this.#topics.set(vhost, topics);
    this.broker.onPageOut(() => topics.clear());
    return topics;
  }

  #tellSystem(): void {
    const { broker, options } = this;
    for (const vhost of broker.virtualHosts()) {
      if (vhost.name !== options.virtualHost) continue;
      const findState = (session: Session): SessionState | undefined => this.#states.find(session, vhost);
      const source = { broker, vhost, version: options.productVersion, findState };
      tellSystem(source, { interval: options.sysInterval, toAll: options.sysToAmqp });
    }
  }

  /** What MQTT keeps of the session; made anew for a new session, and from its record after a restart. */
  stateOf(session: Session, vhost: VirtualHost): SessionState {
    return this.#states.of(session, vhost);
  }

  /** The connection has left the session. */
  release(session: Session): void {
    this.#states.release(session);
  }
}
