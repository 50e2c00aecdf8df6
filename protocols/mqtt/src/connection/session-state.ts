import {
  decodeRecord,
  type Delivery,
  encodeRecord,
  type Message,
  type RetainedFeed,
  type Session,
  type Sessions,
  type Subscription,
} from "@dragoman/core";
import { LiveFlows } from "../forward/live-flows.ts";
import { markKey, SentMark } from "./sent-mark.ts";
import type { SubscriptionKind } from "./subscription-kind.ts";
import { Transit } from "./transit.ts";
import { TransitTable } from "./transit-table.ts";

const highestId = 65_535;

/** Identifiers that follow from positions in the session's queue; the others are for what does not come from there. */
const queueIds = 32_768;

/** A subscription on a group or a queue, with what was granted. */
export interface NamedSubscription {
  readonly granted: Subscription;
  readonly kind: Exclude<SubscriptionKind, { readonly name: "topics" }>;
}

export interface ClaimedId {
  readonly packetId: number;
  /** The client may have seen the message under it. */
  readonly isResumed: boolean;
  /** It is another one than follows from the message's place in the session's queue. */
  readonly isIrregular: boolean;
}

interface StateRecord {
  readonly named: readonly (readonly [string, NamedSubscription])[];
  /** Identifiers of QoS 1 messages of other queues that wait for their PUBACK, with those of the messages. */
  readonly unacknowledged: readonly (readonly [messageId: string, packetId: number])[];
}

/** A flow to the client whose identifier must be written down, as it is kept over a restart. */
interface FlowRecord {
  readonly messageId: string | undefined;
  readonly phase: Transit["phase"];
}

/** What MQTT keeps of a client between its connections, MQTT 5.0 §4.1. */
export class SessionState {
  readonly session: Session;
  /**
   * Subscriptions on groups and queues, by the Topic Filter as it was written. Those on topics are the bindings of
   * the session's queue, or of the connection: written once, they need no place here.
   */
  readonly named: Map<string, NamedSubscription> = new Map();
  /** Flows to the client that are not complete. */
  readonly transits: TransitTable = new TransitTable();
  /** Flows to the client that end with the connection. */
  readonly live: LiveFlows = new LiveFlows();
  /** Retained messages on their way, the feed of the oldest subscription first. */
  readonly feeds: RetainedFeed[] = [];
  /** Packet identifiers that messages had before a restart: they get them again. */
  #formerIds: Map<string, number> | undefined;
  /** How far the session's own queue has been sent. */
  readonly #mark: SentMark;
  #lastPacketId = 0;

  constructor(session: Session) {
    this.session = session;
    if (session.record !== undefined) this.#restore(decodeRecord<StateRecord>(session.record));
    this.#mark = new SentMark(session);
    for (const [packetId, record] of session.sent)
      if (packetId !== markKey) this.#restoreFlow(packetId, decodeRecord<FlowRecord>(record));
  }

  /** The broker has started again, and nothing has come since. */
  restarted(): void {
    this.#mark.limit(this.session.queue?.lastPosition ?? 0);
  }

  /**
   * The identifier for a message's flow: the one it had before a restart, or one that is not in use
   * [MQTT-2.2.1-4], [MQTT-4.3.2-1], [MQTT-4.3.3-1], MQTT 3.1.1 [MQTT-2.3.1-3], [MQTT-2.3.1-4].
   *
   * A QoS 1 message that is stored in the session's queue has the one that follows from its place there, so that it is
   * the same after a crash though nothing was written. That of QoS 2 is written down before it is used, as more hangs on
   * it; so is the rare one of QoS 1 whose place leads to an identifier that is in use.
   */
  claimPacketId(message: Message, qos: 1 | 2, delivery: Delivery | undefined, sessions: Sessions): ClaimedId {
    const former = this.#formerIds?.get(message.id);
    const place = qos === 1 ? this.#placeOf(delivery) : undefined;
    const wasSent = place !== undefined && this.#mark.pass(place, sessions);
    if (former !== undefined) {
      this.#formerIds?.delete(message.id);
      return { packetId: former, isResumed: true, isIrregular: false };
    }
    const regular = place === undefined ? undefined : ((place - 1) % queueIds) + 1;
    if (regular !== undefined && !this.#isInUse(regular)) {
      return { packetId: regular, isResumed: wasSent, isIrregular: false };
    }
    return { packetId: this.#freeId(), isResumed: wasSent, isIrregular: regular !== undefined };
  }

  /** An identifier that is not in use, for a flow that ends with the connection. */
  claimLiveId(qos: 1 | 2): number {
    const packetId = this.#freeId();
    this.live.begin(packetId, qos);
    return packetId;
  }

  /** Flows to the client that are not complete. */
  get inflight(): number {
    return this.transits.size + this.live.count;
  }

  /** Nothing is in it that a new one would not have. */
  get isBare(): boolean {
    return (
      this.named.size === 0 &&
      this.transits.size === 0 &&
      this.feeds.length === 0 &&
      (this.#formerIds?.size ?? 0) === 0
    );
  }

  /** The connection has ended, and with it what was not to be kept. */
  left(sessions: Sessions): void {
    let isOpen = false;
    for (const { qos, delivery } of this.transits.inOrder()) {
      if (qos === 1 && this.#placeOf(delivery) !== undefined) isOpen = true;
    }
    this.#mark.leave(isOpen, sessions);
  }

  /**
   * The session's record: what must be there after a restart; undefined when there is nothing.
   *
   * @param isLeaving the connection has ended: the QoS 1 flows are as it leaves them
   */
  encode(isLeaving: boolean): Uint8Array | undefined {
    const transits = isLeaving ? this.transits.inOrder() : [];
    const unacknowledged = transits.flatMap(({ qos, message, delivery, packetId }) =>
      qos === 1 && message !== undefined && this.#isOfOtherQueue(delivery)
        ? [[message.id, packetId] as const]
        : [],
    );
    if (this.named.size === 0 && unacknowledged.length === 0) return undefined;
    const record: StateRecord = { named: [...this.named], unacknowledged };
    return encodeRecord(record);
  }

  /** The place in the session's own queue where a restart finds the message again. */
  #placeOf(delivery: Delivery | undefined): number | undefined {
    return delivery?.queueName === this.session.queue?.name ? delivery?.storedAt : undefined;
  }

  #isOfOtherQueue(delivery: Delivery | undefined): boolean {
    return delivery?.storedAt !== undefined && delivery.queueName !== this.session.queue?.name;
  }

  #freeId(): number {
    const keepsQueueIds = this.session.isKept && this.inflight < highestId - queueIds;
    const lowest = keepsQueueIds ? queueIds + 1 : 1;
    do
      this.#lastPacketId = this.#lastPacketId < highestId ? Math.max(this.#lastPacketId + 1, lowest) : lowest;
    while (this.#isInUse(this.#lastPacketId));
    return this.#lastPacketId;
  }

  #isInUse(packetId: number): boolean {
    return this.live.qosOf(packetId) !== undefined || this.transits.has(packetId) || this.#isFormer(packetId);
  }

  #isFormer(packetId: number): boolean {
    if (this.#formerIds === undefined) return false;
    for (const id of this.#formerIds.values()) if (id === packetId) return true;
    return false;
  }

  #reserve(messageId: string, packetId: number): void {
    this.#formerIds ??= new Map();
    this.#formerIds.set(messageId, packetId);
  }

  #restore({ named, unacknowledged }: StateRecord): void {
    for (const [filter, subscription] of named) this.named.set(filter, subscription);
    for (const [messageId, packetId] of unacknowledged) this.#reserve(messageId, packetId);
  }

  #restoreFlow(packetId: number, { messageId, phase }: FlowRecord): void {
    if (phase === "published") {
      if (messageId !== undefined) this.#reserve(messageId, packetId);
      return;
    }
    const nothing = { message: undefined, subscriptions: [], delivery: undefined };
    this.transits.add(new Transit({ packetId, qos: 2, ...nothing, phase, wasSent: true }));
  }
}

/** How far a flow has come, as bytes for `Sessions.rememberSent`. */
export function encodeFlow({ message, phase }: Transit): Uint8Array {
  const record: FlowRecord = { messageId: phase === "published" ? message?.id : undefined, phase };
  return encodeRecord(record);
}
