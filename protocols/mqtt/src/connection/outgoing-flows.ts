import { BrokerError, type Delivery, type Message, type Settlement, type Subscription } from "@dragoman/core";
import { type Acknowledgement, acknowledgementHeader } from "../codec/acknowledgement.ts";
import { reasonCode } from "../codec/reason-code.ts";
import type { LiveFlows } from "../forward/live-flows.ts";
import { type OutgoingPorts, pauseWhenFull } from "./outgoing-ports.ts";
import { encodeFlow } from "./session-state.ts";
import { Transit } from "./transit.ts";

/** The flows of QoS 1 and 2 to one client: the sender's side of MQTT 5.0 §4.3, message by message. */
export class OutgoingFlows {
  readonly #ports: OutgoingPorts;
  #isClosed = false;

  constructor(ports: OutgoingPorts) {
    this.#ports = ports;
  }

  /** Flows of messages that were passed on. */
  get live(): LiveFlows {
    return this.#ports.state.live;
  }

  /** That many flows of messages that were passed on have ended: their places in the window are free. */
  endedLive(count: number): void {
    this.#ports.window.release(count);
  }

  /** Nothing more is sent until `letGo`, which is not far. */
  hold(): void {
    this.#ports.window.hold();
  }

  letGo(): void {
    this.#ports.window.letGo();
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

  /** Sends a message of QoS 1 or 2 for the first time, or again after a restart. */
  begin(
    message: Message,
    qos: 1 | 2,
    subscriptions: readonly Subscription[],
    delivery: Delivery | undefined,
  ): void {
    const { state, vhost } = this.#ports;
    const { packetId, isResumed, isIrregular } = state.claimPacketId(message, qos, delivery, vhost.sessions);
    const transit = new Transit({
      packetId,
      qos,
      message,
      subscriptions,
      delivery,
      phase: "published",
      // DUP is 0 the first time [MQTT-4.3.2-2], [MQTT-4.3.3-2].
      wasSent: isResumed,
    });
    // Unacknowledged from now on [MQTT-4.3.2-3], [MQTT-4.3.3-3].
    state.transits.add(transit);
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
    const { publishes, vhost } = this.#ports;
    const { message, qos, packetId, subscriptions, wasSent: dup } = transit;
    const sending = { qos, packetId, dup, subscriptions };
    transit.wasSent = true;
    if (message !== undefined && publishes.send(message, sending, vhost.timers.now()))
      pauseWhenFull(this.#ports);
    else this.#finish(transit, "accepted");
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

  /** Takes up a flow that an earlier connection left. */
  resume(transit: Transit): void {
    this.#ports.window.take();
    transit.ownsQuota = true;
    if (transit.phase === "released") this.sendRelease(transit.packetId);
    else this.#publish(transit);
  }

  /**
   * The connection has ended.
   *
   * @param isKept the session goes on: its flows wait for the next connection
   */
  close(isKept: boolean): void {
    const { state } = this.#ports;
    this.#isClosed = true;
    state.live.clear();
    for (const transit of state.transits.inOrder()) {
      if (isKept && !this.#isForOthers(transit)) continue;
      state.transits.delete(transit.packetId);
      transit.delivery?.settle("released");
    }
  }

  /** A message of QoS 1 that a group shares goes to another member, if there is one; of QoS 2 it waits [MQTT-4.8.2-4]. */
  #isForOthers({ qos, delivery }: Transit): boolean {
    const { state, vhost } = this.#ports;
    if (qos !== 1 || delivery === undefined || delivery.queueName === state.session.queue?.name) return false;
    return (vhost.topology.queues.get(delivery.queueName)?.consumerCount ?? 0) > 0;
  }
}
