import type { Broker, Session, VirtualHost } from "@dragoman/core";
import { TopicTable } from "../forward/topic-table.ts";
import { PropertyEncodings } from "../translation/foreign-properties.ts";
import { Mounts } from "../translation/mounts.ts";
import type { MqttOptions } from "./options.ts";
import { LastPublish } from "./publish-encoder.ts";
import { SessionState } from "./session-state.ts";
import { ShareGroups } from "./share-groups.ts";

/** Sessions of all protocols have one name space; this is also the name of a session's queue. */
export const sessionPrefix = "mqtt.";

/** What all MQTT connections of one broker share. */
export class MqttContext {
  readonly broker: Broker;
  readonly options: MqttOptions;
  readonly encodings: PropertyEncodings;
  readonly mounts: Mounts;
  readonly last: LastPublish = new LastPublish();
  readonly #states = new WeakMap<Session, SessionState>();
  readonly #groups = new WeakMap<VirtualHost, ShareGroups>();

  readonly #topics = new WeakMap<VirtualHost, TopicTable>();

  constructor(broker: Broker, options: MqttOptions) {
    this.broker = broker;
    this.options = options;
    this.encodings = new PropertyEncodings(options);
    this.mounts = new Mounts(options.mounts);
    for (const vhost of broker.virtualHosts()) this.#takeBack(vhost);
  }

  /** Largest packet accepted, in bytes: undefined leaves room for a largest message's topic and properties. */
  get maxPacketBytes(): number {
    return this.options.maxPacketBytes ?? Math.min(this.broker.limits.maxMessageBytes + 262_144, 268_435_460);
  }

  groupsOf(vhost: VirtualHost): ShareGroups {
    let groups = this.#groups.get(vhost);
    if (groups === undefined) this.#groups.set(vhost, (groups = new ShareGroups(vhost)));
    return groups;
  }

  topicsOf(vhost: VirtualHost): TopicTable {
    let topics = this.#topics.get(vhost);
    if (topics === undefined) this.#topics.set(vhost, (topics = new TopicTable(vhost, this.mounts)));
    return topics;
  }

  /** What MQTT keeps of the session; made anew for a new session, and from its record after a restart. */
  stateOf(session: Session, vhost: VirtualHost): SessionState {
    const known = this.#states.get(session);
    if (known !== undefined) return known;
    const state = new SessionState(session);
    this.#states.set(session, state);
    session.ended = () => this.#sessionEnded(state, vhost);
    return state;
  }

  /** Sessions that were there before a restart belong to their groups, though their clients have not come yet. */
  #takeBack(vhost: VirtualHost): void {
    for (const session of vhost.sessions.all()) {
      if (!session.id.startsWith(sessionPrefix)) continue;
      const state = this.stateOf(session, vhost);
      for (const { kind } of state.subscriptions.values()) {
        if (kind.name === "group") this.groupsOf(vhost).rejoin(kind.queue, state);
      }
    }
  }

  /** What the session had taken from groups and not finished goes to their other members. */
  #sessionEnded(state: SessionState, vhost: VirtualHost): void {
    for (const { delivery } of state.transits.values()) delivery?.settle("released");
    state.transits.clear();
    for (const { kind } of state.subscriptions.values()) {
      if (kind.name === "group") this.groupsOf(vhost).leave(kind.queue, state);
    }
  }
}
