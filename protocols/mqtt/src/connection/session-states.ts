import type { Broker, Session, VirtualHost } from "@dragoman/core";
import { SessionState } from "./session-state.ts";
import { ShareGroups } from "./share-groups.ts";

/** Sessions of all protocols have one name space; this is also the name of a session's queue. */
export const sessionPrefix = "mqtt.";

const statesByBroker = new WeakMap<Broker, SessionStates>();

/**
 * The sessions of one broker's MQTT clients and the groups that they are in. There is one of it for each broker:
 * a client may come back by a listener with other options.
 */
export class SessionStates {
  readonly #states = new WeakMap<Session, SessionState>();
  readonly #groups = new WeakMap<VirtualHost, ShareGroups>();

  static ofBroker(broker: Broker): SessionStates {
    let states = statesByBroker.get(broker);
    if (states === undefined) statesByBroker.set(broker, (states = new SessionStates(broker)));
    return states;
  }

  private constructor(broker: Broker) {
    for (const vhost of broker.virtualHosts()) this.#takeBack(vhost);
  }

  groupsOf(vhost: VirtualHost): ShareGroups {
    let groups = this.#groups.get(vhost);
    if (groups === undefined) this.#groups.set(vhost, (groups = new ShareGroups(vhost)));
    return groups;
  }

  /** The session's state; made anew for a new session, and from its record after a restart. */
  of(session: Session, vhost: VirtualHost): SessionState {
    const known = this.#states.get(session);
    if (known !== undefined) return known;
    const state = new SessionState(session);
    this.#states.set(session, state);
    session.ended = () => this.#sessionEnded(state, vhost);
    return state;
  }

  /** As `of`, but only when there is something in it that a new one would not have. */
  find(session: Session, vhost: VirtualHost): SessionState | undefined {
    const known = this.#states.get(session);
    if (known !== undefined || (session.record === undefined && session.sent.size === 0)) return known;
    return this.of(session, vhost);
  }

  /** The connection has left the session: of most there is nothing to be kept but their queue. */
  release(session: Session): void {
    if (this.#states.get(session)?.isBare !== true) return;
    this.#states.delete(session);
    session.ended = undefined;
  }

  /**
   * Sessions that were there before a restart belong to their groups, though their clients have not come yet. A
   * session without a record of ours belongs to none. What was sent before is known from now on.
   */
  #takeBack(vhost: VirtualHost): void {
    for (const session of vhost.sessions.all()) {
      if (!session.id.startsWith(sessionPrefix)) continue;
      const state = this.find(session, vhost);
      if (state === undefined) continue;
      state.restarted();
      for (const { kind } of state.named.values()) {
        if (kind.name === "group") this.groupsOf(vhost).rejoin(kind.queue, state);
      }
    }
  }

  /** What the session had taken from groups and not finished goes to their other members. */
  #sessionEnded(state: SessionState, vhost: VirtualHost): void {
    for (const { delivery } of state.transits.inOrder()) delivery?.settle("released");
    state.transits.clear();
    for (const { kind } of state.named.values()) {
      if (kind.name === "group") this.groupsOf(vhost).leave(kind.queue, state);
    }
  }
}
