import {
  BrokerError,
  type Delivery,
  Deque,
  type Message,
  type Settlement,
  type Subscriber,
  type Subscription,
  type Transport,
  type VirtualHost,
  wantedBy,
  type Window,
} from "@dragoman/core";
import { type Acknowledgement, acknowledgementHeader } from "../codec/acknowledgement.ts";
import type { ProtocolVersion } from "../codec/protocol-version.ts";
import { reasonCode } from "../codec/reason-code.ts";
import { effectiveQos } from "../translation/granted.ts";
import type { LiveFlows } from "../forward/live-flows.ts";
import { PacketRun } from "../forward/packet-run.ts";
import type { MqttOptions } from "./options.ts";
import type { PacketSender } from "./packet-sender.ts";
import type { PublishEncoder } from "./publish-encoder.ts";
import { encodeFlow, type SessionState, type Transit } from "./session-state.ts";
import { WaitingLine, type WaitingMessage } from "./waiting-line.ts";

/** Bytes waiting for the peer above which queues hold their messages back. */
const highWaterBytes = 256 * 1024;

let outgoingCount = 0;

export interface OutgoingPorts {
  readonly transport: Transport;
  readonly sender: PacketSender;
  readonly encoder: PublishEncoder;
  readonly state: SessionState;
  /** The client's Receive Maximum [MQTT-3.3.4-9], [MQTT-4.9.0-1], [MQTT-4.9.0-2]; paused while the transport is full. */
  readonly window: Window;
  readonly vhost: VirtualHost;
  readonly options: MqttOptions;
  /** Sends the PUBREL when the end of the message's stay in its queue is on stable storage, if it had any. */
  releaseSafely(packetId: number, isStored: boolean): void;
  /** Sends the PUBLISH of QoS 2 when its identifier is on stable storage. */
  publishSafely(packetId: number): void;
}

/**
 * What goes to one client: the sender's side of MQTT 5.0 §4.3, for messages from queues, from live subscriptions
 * and from the retained store, within one window.
 */
export class Outgoing implements Subscriber {
  /** Different for each. */
  readonly serial: number = ++outgoingCount;
  readonly #ports: OutgoingPorts;
  /** Flows of an earlier connection that are still to be taken up again, in their order [MQTT-4.4.0-1]. */
  readonly #backlog: Deque<Transit> = new Deque();
  readonly #waiting = new WaitingLine();
  #isHeld = false;
  #isClosed = false;
  #whenResumed: (() => void) | undefined;

  constructor(ports: OutgoingPorts) {
    this.#ports = ports;
  }

  /** Takes up the flows that an earlier connection left; nothing else is sent before, and then `done` is called. */
  resume(done: () => void): void {
    for (const transit of this.#ports.state.transits.values()) this.#backlog.push(transit);
    this.#whenResumed = done;
    this.windowOpened();
  }

  /** A message of a live subscription. */
  deliver(message: Message, subscriptions: readonly Subscription[]): void {
    const { window, transport, options, vhost } = this.#ports;
    const wanted = wantedBy(subscriptions, message.publisher.clientId);
    if (wanted.length === 0) return;
    const qos = effectiveQos(message, wanted);
    if (qos === 0) {
      if (transport.bufferedBytes > options.maxBufferedBytes) vhost.drops.count("slow-subscriber");
      else this.#sendOnce(message, wanted);
    } else if (window.isOpen && this.#isIdle()) {
      window.take();
      this.#begin(message, qos, wanted, undefined);
    } else {
      this.#wait({ message, subscriptions: wanted });
    }
  }

  /** The connection has ended; its session may be another's by now. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  get version(): ProtocolVersion {
    return this.#ports.sender.version;
  }

  /** The client's Maximum Packet Size, in bytes. */
  get maxPacketBytes(): number {
    return this.#ports.sender.maxPacketBytes;
  }

  /** Whether ordinary messages that these subscriptions select go out as the packets they came in. */
  takesPackets(subscriptions: readonly Subscription[]): boolean {
    if (this.#ports.encoder.isOwn) return false;
    return subscriptions.every(
      ({ id, noLocalFor, isRetainedCopy }) =>
        id === undefined && noLocalFor === undefined && isRetainedCopy !== true,
    );
  }

  /** As `deliver` for messages of QoS 0, `count` of them, that are packets as this client reads them. */
  pass(packets: Buffer, count: number): void {
    const { transport, options, vhost, sender } = this.#ports;
    if (transport.bufferedBytes > options.maxBufferedBytes) {
      vhost.drops.count("slow-subscriber", count);
      return;
    }
    sender.sendPublishes(packets, count);
    this.#watchOutput();
  }

  /** As `deliver` for messages of QoS 1 or 2 that are packets as this client reads them. */
  passOn(run: PacketRun): void {
    if (this.#isIdle()) this.#sendRun(run);
    if (run.count > 0) this.#wait(run);
  }

  /** Flows of messages that were passed on. */
  get live(): LiveFlows {
    return this.#ports.state.live;
  }

  /** That many flows of messages that were passed on have ended: their places in the window are free. */
  endedLive(count: number): void {
    this.#ports.window.release(count);
  }

  /** A message of a queue, in which it stays until the client has it. */
  take(delivery: Delivery, subscriptions: readonly Subscription[]): void {
    const { message } = delivery;
    const qos = effectiveQos(message, subscriptions);
    if (qos > 0) {
      this.#begin(message, qos === 1 ? 1 : 2, subscriptions, delivery);
    } else {
      this.#sendOnce(message, subscriptions);
      delivery.settle("accepted");
    }
  }

  /** Retained messages for a new subscription, as fast as the client takes them. */
  feed(messages: readonly Message[], subscriptions: readonly Subscription[]): void {
    this.#ports.state.feeds.push({ messages, subscriptions, sent: 0 });
    this.windowOpened();
  }

  /** As `puback` without a reason, for a message that was not passed on. False when it waits for none. */
  acknowledge(packetId: number): boolean {
    const transit = this.#ports.state.transits.get(packetId);
    if (transit?.qos !== 1) return false;
    this.#finish(transit, "accepted");
    return true;
  }

  /** @throws BrokerError "protocol-violation" for a PUBACK that answers a QoS 2 message */
  puback({ packetId, reason }: Acknowledgement): void {
    const { state } = this.#ports;
    if (state.live.acknowledge(packetId)) {
      this.endedLive(1);
      return;
    }
    const transit = state.transits.get(packetId);
    const qos = transit?.qos ?? state.live.qosOf(packetId);
    if (qos === 2) throw new BrokerError("protocol-violation", "PUBACK for a QoS 2 message, §4.3.3");
    if (transit !== undefined) this.#finish(transit, this.#settlementOf(reason));
  }

  /** @throws BrokerError "protocol-violation" for a PUBREC that answers a QoS 1 message */
  pubrec({ packetId, reason }: Acknowledgement): void {
    const { state, sender } = this.#ports;
    const transit = state.transits.get(packetId);
    if ((transit?.qos ?? state.live.qosOf(packetId)) === 1) {
      throw new BrokerError("protocol-violation", "PUBREC for a QoS 1 message, §4.3.2");
    }
    if (state.live.receive(packetId)) {
      if (reason >= 0x80) this.#completed(packetId);
      else this.#ports.releaseSafely(packetId, false);
    } else if (transit === undefined) {
      // A PUBREC that refuses ends its flow: nobody waits for an answer to it [MQTT-4.3.3-4].
      if (reason >= 0x80) return;
      sender.send({ type: "pubrel", packetId, reason: reasonCode.packetIdentifierNotFound, properties: {} });
    } else if (reason >= 0x80) {
      // [MQTT-4.4.0-2], [MQTT-4.8.2-6]
      this.#finish(transit, this.#settlementOf(reason));
    } else {
      this.#received(transit);
    }
  }

  #received(transit: Transit): void {
    const { state, window, vhost } = this.#ports;
    const { packetId } = transit;
    // [MQTT-4.3.3-5]
    transit.phase = "released";
    // The quota is given back with the PUBCOMP, and the queue's consumer would give it back now. §4.9
    if (!transit.ownsQuota) window.take();
    transit.ownsQuota = true;
    if (state.session.isKept) vhost.sessions.rememberSent(state.session, packetId, encodeFlow(transit));
    transit.delivery?.settle("accepted");
    this.#ports.releaseSafely(packetId, state.session.isKept || transit.delivery !== undefined);
  }

  /** The client has the message for good: PUBREL [MQTT-4.3.3-4]. */
  sendRelease(packetId: number): void {
    this.#ports.sender.answer(acknowledgementHeader.pubrel, packetId);
  }

  /** The identifier is safe: PUBLISH, unless the connection has seen to it meanwhile. */
  sendPublish(packetId: number): void {
    const transit = this.#ports.state.transits.get(packetId);
    if (transit?.phase === "published" && !this.#isClosed) this.#publish(transit);
  }

  /** @throws BrokerError "protocol-violation" for a PUBCOMP that no PUBREL asked for */
  pubcomp({ packetId }: Acknowledgement): void {
    const transit = this.#ports.state.transits.get(packetId);
    if (transit?.phase === "released") this.#finish(transit, "accepted");
    else if (!this.#completed(packetId) && this.#isInFlight(packetId)) {
      throw new BrokerError("protocol-violation", "PUBCOMP before a PUBREL, §4.3.3");
    }
  }

  /** False when no flow that ends with the connection waits for its end. */
  #completed(packetId: number): boolean {
    const isComplete = this.#ports.state.live.complete(packetId);
    if (isComplete) this.endedLive(1);
    return isComplete;
  }

  #isInFlight(packetId: number): boolean {
    const { transits, live } = this.#ports.state;
    return transits.has(packetId) || live.qosOf(packetId) !== undefined;
  }

  /** Queues and new subscriptions send nothing until `go`: the SUBACK comes first. */
  hold(): void {
    this.#isHeld = true;
    this.#ports.window.pause();
  }

  go(): void {
    this.#isHeld = false;
    if (this.#ports.transport.bufferedBytes <= highWaterBytes) this.drained();
  }

  /** The transport takes bytes again. */
  drained(): void {
    if (this.#isHeld) return;
    this.#ports.window.resume();
    this.#advance();
  }

  /** The window has room, or there is something new to send. */
  windowOpened(): void {
    this.#advance();
    if (!this.#isIdle()) this.#ports.window.await(this);
  }

  /**
   * The connection has ended.
   *
   * @param isKept the session goes on: its flows wait for the next connection
   */
  close(isKept: boolean): void {
    const { state, window } = this.#ports;
    this.#isClosed = true;
    window.forget(this);
    this.#waiting.clear();
    state.live.clear();
    for (const transit of state.transits.values()) {
      if (isKept && !this.#isForOthers(transit)) continue;
      state.transits.delete(transit.packetId);
      transit.delivery?.settle("released");
    }
    if (!isKept) state.feeds.length = 0;
  }

  /** A message of QoS 1 that a group shares goes to another member, if there is one; of QoS 2 it waits [MQTT-4.8.2-4]. */
  #isForOthers({ qos, delivery }: Transit): boolean {
    const { state, vhost } = this.#ports;
    if (qos !== 1 || delivery === undefined || delivery.queueName === state.session.queue?.name) return false;
    return (vhost.topology.queues.get(delivery.queueName)?.consumerCount ?? 0) > 0;
  }

  #isIdle(): boolean {
    return this.#backlog.length === 0 && this.#waiting.isEmpty && this.#ports.state.feeds.length === 0;
  }

  /** Sends what waits, in its order [MQTT-4.6.0-5], [MQTT-4.6.0-6], as far as the window goes. */
  #advance(): void {
    this.#resumeFlows();
    if (this.#backlog.length > 0) return;
    const done = this.#whenResumed;
    this.#whenResumed = undefined;
    done?.();
    this.#sendRetained();
    const { window, state } = this.#ports;
    while (state.feeds.length === 0 && window.isOpen) {
      const next = this.#waiting.first();
      if (next === undefined) return;
      if (next instanceof PacketRun) this.#waiting.takeFrom(next, () => this.#sendRun(next));
      else {
        this.#waiting.shift();
        this.#sendWaiting(next);
      }
    }
  }

  #sendWaiting({ message, subscriptions }: WaitingMessage): void {
    const { window, vhost } = this.#ports;
    if (message.isExpired(vhost.timers.now())) {
      // [MQTT-3.3.2-5]
      vhost.drops.count("expired");
      return;
    }
    window.take();
    this.#begin(message, effectiveQos(message, subscriptions) === 1 ? 1 : 2, subscriptions, undefined);
  }

  /** As many packets as the window has room for. */
  #sendRun(run: PacketRun): void {
    const { window, sender, state } = this.#ports;
    let count = 0;
    for (; count < run.count && window.isOpen; count++) window.take();
    if (count === 0) return;
    sender.sendPublishes(
      run.take(count, () => state.claimLiveId(run.qos)),
      count,
    );
    this.#watchOutput();
  }

  // In the order of the first sending [MQTT-4.6.0-1].
  #resumeFlows(): void {
    const { state, window } = this.#ports;
    for (let next = this.#backlog.first(); next !== undefined; next = this.#backlog.first()) {
      const isCurrent = state.transits.get(next.packetId) === next;
      // A PUBREL needs no place in the window [MQTT-3.3.4-10].
      if (isCurrent && next.phase === "published" && !window.isOpen) return;
      this.#backlog.shift();
      if (!isCurrent) continue;
      window.take();
      next.ownsQuota = true;
      if (next.phase === "released") this.sendRelease(next.packetId);
      else this.#publish(next);
    }
  }

  #sendRetained(): void {
    const { state, window, vhost } = this.#ports;
    for (let [feed] = state.feeds; feed !== undefined; [feed] = state.feeds) {
      const message = feed.messages[feed.sent];
      if (message === undefined) {
        state.feeds.shift();
        continue;
      }
      if (!window.isOpen) return;
      feed.sent++;
      // What has been replaced meanwhile came, or comes, as a live message: the old must not follow the new.
      if (!vhost.retained.holds(message)) continue;
      const qos = effectiveQos(message, feed.subscriptions);
      if (qos === 0) {
        this.#sendOnce(message, feed.subscriptions);
      } else {
        window.take();
        this.#begin(message, qos, feed.subscriptions, undefined);
      }
    }
  }

  #wait(next: WaitingMessage | PacketRun): void {
    const { options, vhost, window } = this.#ports;
    this.#waiting.push(next);
    const dropped = this.#waiting.dropOverflow(options);
    if (dropped > 0) vhost.drops.count("overflow", dropped);
    window.await(this);
  }

  /** At most once: DUP is never set [MQTT-3.3.1-2], [MQTT-4.3.1-1]. */
  #sendOnce(message: Message, subscriptions: readonly Subscription[]): void {
    const { encoder, sender, vhost } = this.#ports;
    const sending = { qos: 0, packetId: 0, dup: false, subscriptions } as const;
    const bytes = encoder.encode(message, sending, vhost.timers.now());
    if (bytes === undefined) return;
    sender.sendPublishes(bytes, 1, encoder.bodyBehind(message));
    this.#watchOutput();
  }

  #begin(
    message: Message,
    qos: 1 | 2,
    subscriptions: readonly Subscription[],
    delivery: Delivery | undefined,
  ): void {
    const { state, vhost } = this.#ports;
    const { packetId, isResumed, isIrregular } = state.claimPacketId(message, qos, delivery, vhost.sessions);
    const transit: Transit = {
      packetId,
      qos,
      message,
      subscriptions,
      delivery,
      phase: "published",
      // DUP is 0 the first time [MQTT-4.3.2-2], [MQTT-4.3.3-2].
      wasSent: isResumed,
      ownsQuota: delivery === undefined,
    };
    // Unacknowledged from now on [MQTT-4.3.2-3], [MQTT-4.3.3-3].
    state.transits.set(packetId, transit);
    // A message that comes again after a crash has to come under the same identifier to be known for the same.
    const isNew = qos === 2 && !isResumed && delivery !== undefined && message.durable;
    if (isNew && state.session.isKept) {
      vhost.sessions.rememberSent(state.session, packetId, encodeFlow(transit));
      this.#ports.publishSafely(packetId);
    } else {
      if (isIrregular) vhost.sessions.rememberSent(state.session, packetId, encodeFlow(transit));
      this.#publish(transit);
    }
  }

  #publish(transit: Transit): void {
    const { encoder, sender, vhost } = this.#ports;
    const { message, qos, packetId, subscriptions, wasSent: dup } = transit;
    const bytes =
      message && encoder.encode(message, { qos, packetId, dup, subscriptions }, vhost.timers.now());
    transit.wasSent = true;
    if (bytes === undefined) {
      this.#finish(transit, "accepted");
      return;
    }
    sender.sendPublishes(bytes, 1, message && encoder.bodyBehind(message));
    this.#watchOutput();
  }

  /** The flow is complete: its identifier and its place in the window are free again. */
  #finish(transit: Transit, settlement: Settlement): void {
    const { state, window, vhost } = this.#ports;
    state.transits.delete(transit.packetId);
    vhost.sessions.forgetSent(state.session, transit.packetId);
    transit.delivery?.settle(settlement);
    if (transit.ownsQuota) window.release();
  }

  #settlementOf(reason: number): Settlement {
    return reason >= 0x80 && this.#ports.options.rejectsOnNegativeAck ? "rejected" : "accepted";
  }

  #watchOutput(): void {
    const { transport, window } = this.#ports;
    if (transport.bufferedBytes > highWaterBytes) window.pause();
  }
}
