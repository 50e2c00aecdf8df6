import type { MetadataStore } from "./engine.ts";
import { BrokerError } from "./errors.ts";
import type { Queue } from "./queue.ts";
import { decodeRecord, encodeRecord } from "./record.ts";
import { Session, type SessionHolder } from "./session.ts";
import type { Timers } from "./timers.ts";
import type { Will } from "./will.ts";

/** The virtual host's side of sessions, as far as they may know it. */
export interface SessionHost {
  readonly timers: Timers;
  readonly metadata: MetadataStore;
  readonly virtualHost: string;
  publishWill(will: Will): void;
  removeQueue(queue: Queue): void;
}

interface SessionRecord {
  /** Milliseconds; -1 stands for never. */
  readonly expiryMs: number;
  /** When its connection ended; undefined while it had one. */
  readonly leftAtMs: number | undefined;
  readonly queueName: string | undefined;
  readonly user?: string | undefined;
  readonly record: Uint8Array | undefined;
}

/** All sessions of one virtual host: who holds which, wills that wait, sessions that expire. */
export class Sessions {
  readonly #host: SessionHost;
  readonly #sessions = new Map<string, Session>();
  /** Those of before a restart that will expire, with the time when their connection ended, as far as it did. */
  #left: (readonly [Session, leftAtMs: number | undefined])[] = [];

  constructor(host: SessionHost) {
    this.#host = host;
  }

  get count(): number {
    return this.#sessions.size;
  }

  all(): Iterable<Session> {
    return this.#sessions.values();
  }

  get(id: string): Session | undefined {
    return this.#sessions.get(id);
  }

  /**
   * Gives the session of that name to `holder`; a connection that has it is told that it was taken over
   * [MQTT-3.1.4-3].
   *
   * @param options.resume continue what is kept under that name; otherwise it ends first
   * @param options.user whose session it is, as long as it lives
   * @returns the session, and whether it was there before
   * @throws BrokerError "not-authorized" when it is another user's
   */
  open(
    id: string,
    holder: SessionHolder,
    options: { readonly resume: boolean; readonly expiryMs: number; readonly user?: string | undefined },
  ): { readonly session: Session; readonly isPresent: boolean } {
    this.#checkOwner(id, options.user);
    const known = this.#takeOver(id, options.resume);
    const isPresent = known !== undefined;
    const session = known ?? new Session(id, options.expiryMs);
    session.holder = holder;
    session.user = options.user;
    session.expiryMs = options.expiryMs;
    session.will = undefined;
    session.willTimer?.();
    session.expiryTimer?.();
    this.#sessions.set(id, session);
    this.save(session);
    return { session, isPresent };
  }

  /** A name that is taken is no secret: knowing it must not be enough to read or end what is somebody else's. */
  #checkOwner(id: string, user: string | undefined): void {
    const owner = this.#sessions.get(id)?.user;
    if (owner === undefined || user === undefined || owner === user) return;
    throw new BrokerError("not-authorized", "the session of that name belongs to another user");
  }

  /**
   * Takes the session from the connection that has it: that is the end of this connection, and of a session
   * that was not to outlive it. Returns the session if it goes on.
   */
  #takeOver(id: string, resume: boolean): Session | undefined {
    const session = this.#sessions.get(id);
    const former = session?.holder;
    former?.takenOver();
    if (session === undefined) return undefined;
    // Who deletes a session's queue deletes the subscriptions that led there: nothing is left to go on with.
    if (!resume || !session.isKept || session.queue?.isDeleted === true) {
      this.end(session);
      return undefined;
    }
    if (former !== undefined && session.will?.delayMs === 0) this.#sendWill(session);
    return session;
  }

  /**
   * The connection of the session has ended. Does nothing when `holder` does not hold it any more.
   *
   * @param sendWill false when the client said goodbye and took its will back [MQTT-3.14.4-3]
   */
  leave(session: Session, holder: SessionHolder, sendWill: boolean): void {
    if (session.holder !== holder) return;
    session.holder = undefined;
    if (!sendWill) session.will = undefined;
    if (!session.isKept) {
      this.end(session);
      return;
    }
    const { timers } = this.#host;
    const nowMs = timers.now();
    if (session.will !== undefined) {
      if (session.will.delayMs === 0) this.#sendWill(session);
      else session.willTimer = timers.at(nowMs + session.will.delayMs, () => this.#sendWill(session));
    }
    this.#expireAt(session, nowMs + session.expiryMs);
    this.save(session);
  }

  /** Ends the session now: a will that waits is published [MQTT-3.1.3-9], what was kept is gone. */
  end(session: Session): void {
    if (this.#sessions.get(session.id) !== session) return;
    this.#sessions.delete(session.id);
    session.holder = undefined;
    session.willTimer?.();
    session.expiryTimer?.();
    this.#sendWill(session);
    session.ended?.();
    if (session.queue !== undefined) this.#host.removeQueue(session.queue);
    session.queue = undefined;
    this.#forgetFlows(session);
    this.#host.metadata.delete("session", this.#keyOf(session.id));
  }

  /** Remembers the identifier of an exactly-once publish, in the same commit as the publish itself. */
  remember(session: Session, identifier: number): void {
    session.addReceived(identifier);
    if (session.isKept)
      this.#host.metadata.put("seen", this.#flowKey(session.id, identifier), new Uint8Array());
  }

  /** The publisher released the identifier: it may be used for another message. */
  forget(session: Session, identifier: number): void {
    if (!session.deleteReceived(identifier)) return;
    if (session.isKept) this.#host.metadata.delete("seen", this.#flowKey(session.id, identifier));
  }

  /** Writes down what a restart must know of a delivery, in the same commit as what else is written now. */
  rememberSent(session: Session, identifier: number, record: Uint8Array): void {
    session.setSent(identifier, record);
    if (session.isKept) this.#host.metadata.put("sent", this.#flowKey(session.id, identifier), record);
  }

  /** The delivery is complete: its identifier may be used for another message. */
  forgetSent(session: Session, identifier: number): void {
    if (!session.deleteSent(identifier)) return;
    if (session.isKept) this.#host.metadata.delete("sent", this.#flowKey(session.id, identifier));
  }

  /** Writes the session down, after its expiry, queue or record changed. */
  save(session: Session): void {
    const key = this.#keyOf(session.id);
    this.#saveFlows(session);
    if (!session.isKept) {
      this.#host.metadata.delete("session", key);
      return;
    }
    const record: SessionRecord = {
      expiryMs: session.expiryMs === Number.POSITIVE_INFINITY ? -1 : session.expiryMs,
      leftAtMs: session.holder === undefined ? this.#host.timers.now() : undefined,
      queueName: session.queue?.name,
      user: session.user,
      record: session.record,
    };
    this.#host.metadata.put("session", key, encodeRecord(record));
  }

  /** Takes a session back from the engine after a restart. A connection that it had has ended now. */
  restore(id: string, bytes: Uint8Array, queueOf: (name: string) => Queue | undefined): void {
    const { expiryMs, leftAtMs, queueName, user, record } = decodeRecord<SessionRecord>(bytes);
    const session = new Session(id, expiryMs === -1 ? Number.POSITIVE_INFINITY : expiryMs);
    session.record = record;
    session.user = user;
    session.queue = queueName === undefined ? undefined : queueOf(queueName);
    if (queueName !== undefined && session.queue === undefined) {
      this.#host.metadata.delete("session", this.#keyOf(id));
      return;
    }
    this.#sessions.set(id, session);
    if (session.expiryMs !== Number.POSITIVE_INFINITY) this.#left.push([session, leftAtMs]);
  }

  /** Time passes again, after `restore`. */
  resume(): void {
    for (const [session, leftAtMs] of this.#left) {
      this.#expireAt(session, (leftAtMs ?? this.#host.timers.now()) + session.expiryMs);
      // Written down, or each restart would give it all its time again.
      if (leftAtMs === undefined) this.save(session);
    }
    this.#left = [];
  }

  /** Takes an identifier back from the engine after a restart; of a session that is gone it means nothing any more. */
  restoreReceived(id: string, identifier: number): void {
    const session = this.#sessions.get(id);
    if (session === undefined) this.#host.metadata.delete("seen", this.#flowKey(id, identifier));
    else session.addReceived(identifier);
  }

  /** Takes a delivery back from the engine after a restart, if its session is there. */
  restoreSent(id: string, identifier: number, record: Uint8Array): void {
    const session = this.#sessions.get(id);
    if (session === undefined) this.#host.metadata.delete("sent", this.#flowKey(id, identifier));
    else session.setSent(identifier, record);
  }

  /** A session can become one that is kept, or cease to be one, while identifiers are remembered. */
  #saveFlows(session: Session): void {
    const { metadata } = this.#host;
    for (const identifier of session.received) {
      const key = this.#flowKey(session.id, identifier);
      if (session.isKept) metadata.put("seen", key, new Uint8Array());
      else metadata.delete("seen", key);
    }
    for (const [identifier, record] of session.sent) {
      const key = this.#flowKey(session.id, identifier);
      if (session.isKept) metadata.put("sent", key, record);
      else metadata.delete("sent", key);
    }
  }

  #forgetFlows(session: Session): void {
    const { metadata } = this.#host;
    for (const identifier of session.received) {
      session.deleteReceived(identifier);
      metadata.delete("seen", this.#flowKey(session.id, identifier));
    }
    for (const identifier of session.sent.keys()) {
      session.deleteSent(identifier);
      metadata.delete("sent", this.#flowKey(session.id, identifier));
    }
  }

  #expireAt(session: Session, atMs: number): void {
    if (atMs === Number.POSITIVE_INFINITY) return;
    session.expiryTimer = this.#host.timers.at(atMs, () => this.end(session));
  }

  #sendWill(session: Session): void {
    const { will } = session;
    session.will = undefined;
    session.willTimer = undefined;
    if (will !== undefined) this.#host.publishWill(will);
  }

  #keyOf(id: string): string {
    return `${this.#host.virtualHost}\0${id}`;
  }

  #flowKey(id: string, identifier: number): string {
    return `${this.#keyOf(id)}\0${identifier}`;
  }
}
