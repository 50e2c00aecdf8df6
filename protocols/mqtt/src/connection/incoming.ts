import {
  BrokerError,
  type Client,
  type Message,
  type PublishOutcome,
  type Receipts,
  type Session,
} from "@dragoman/core";
import {
  type Acknowledgement,
  acknowledgementHeader,
  type AcknowledgementName,
} from "../codec/acknowledgement.ts";
import { separateHopProperties } from "../codec/hop-properties.ts";
import { encodeProperties } from "../codec/properties.ts";
import type { Publish } from "../codec/publish.ts";
import type { Qos } from "../codec/qos.ts";
import { type ReasonCode, reasonCode } from "../codec/reason-code.ts";
import { openJson } from "../translation/envelope.ts";
import { toMessage } from "../translation/inbound-message.ts";
import { targetOf } from "../translation/topic-address.ts";
import type { Mounts } from "../translation/mounts.ts";
import type { MqttOptions } from "./options.ts";
import type { PacketSender } from "./packet-sender.ts";
import type { ReadGate } from "./read-gate.ts";
import { publishReasons, ReasonError, reasonOf } from "./reason.ts";
import { PacketIdTable } from "../forward/packet-id-table.ts";
import { IncomingAliases } from "./topic-aliases.ts";

/** Publishes that may wait for the storage before no more are read, and the number at which reading goes on. */
const storageHighWater = 8_192;
const storageLowWater = 4_096;

export interface IncomingPorts {
  /** The client is before MQTT 5.0 and gives properties in an envelope. */
  readonly opensEnvelopes: boolean;
  readonly client: Client;
  readonly session: Session;
  readonly sender: PacketSender;
  readonly gate: ReadGate;
  readonly options: MqttOptions;
  readonly mounts: Mounts;
  readonly maxMessageBytes: number;
  /** The PUBREL of a message to the client may go out. */
  readonly sendRelease: (packetId: number) => void;
  /** The PUBLISH of a message to the client may go out. */
  readonly sendPublish: (packetId: number) => void;
  /** Reading was held back by the storage, and may go on. */
  readonly goOn: () => void;
  /** Ends the connection. */
  readonly fail: (error: BrokerError) => void;
}

/** What a receipt is for: it is told in one number, above the packet identifier. */
const receiptFor = {
  puback: 0x1_0000,
  pubrec: 0x2_0000,
  pubcomp: 0x3_0000,
  pubrel: 0x4_0000,
  publish: 0x5_0000,
} as const;

/** What comes from one client: the receiver's side of MQTT 5.0 §4.3. */
export class Incoming {
  readonly #ports: IncomingPorts;
  readonly #receipts: Receipts;
  readonly #aliases: IncomingAliases;
  /** Publishes of QoS 1 that are not acknowledged. */
  #unacknowledged = 0;
  /** Identifiers of QoS 2 that came by this connection and are not complete. */
  readonly #incomplete = new Set<number>();
  /** Those of them whose PUBREC is on its way. */
  readonly #unreceived = new Set<number>();
  /** Identifiers of messages of QoS 2 that were passed on, and whose PUBREL is missing. */
  readonly #live = new PacketIdTable();

  constructor(ports: IncomingPorts) {
    this.#ports = ports;
    this.#receipts = ports.client.openReceipts({
      accepted: (tag, outcome) => this.#accepted(tag, outcome),
    });
    this.#aliases = new IncomingAliases(ports.options.topicAliasMaximum);
  }

  /**
   * Publishes what a PUBLISH says and acknowledges it, now or when it is safe.
   *
   * @param nowMs milliseconds since 1970
   * @throws BrokerError when the connection must be closed for it
   */
  publish(given: Publish, nowMs: number): void {
    const { sender, opensEnvelopes } = this.#ports;
    const packet = opensEnvelopes ? opened(given) : given;
    this.#checkCapabilities(packet);
    const { topicAlias, messageExpiryInterval, application } = separateHopProperties(packet.properties);
    const topic = sender.version === 5 ? this.#aliases.resolve(packet.topic, topicAlias) : packet.topic;
    if (this.#isRepeated(packet.qos, packet.packetId)) return;
    this.#count(packet.qos, packet.packetId);
    try {
      const { client, session } = this.#ports;
      const target = targetOf(topic, client.vhost, session, this.#ports.mounts);
      const context = { version: sender.version, publisher: client.publisher, target, nowMs };
      const message = toMessage(packet, application, messageExpiryInterval, context);
      client.checkPublish(message);
      this.#route(message, packet.qos, packet.packetId);
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      this.#refuse(packet, error);
    }
  }

  /**
   * As `publish` for a message that this client may publish, ordinary and within the limits of size.
   *
   * @throws BrokerError when the connection must be closed for it
   */
  take(message: Message, qos: Qos, packetId: number): void {
    this.#checkQos(qos);
    if (this.#isRepeated(qos, packetId)) return;
    this.#count(qos, packetId);
    this.#route(message, qos, packetId);
  }

  /** A publish of QoS 1 that nothing stores would be acknowledged before `publish` returns. */
  get acknowledgesAtOnce(): boolean {
    const { options, sender } = this.#ports;
    const isFull = sender.version === 5 && this.#openFlows() >= options.receiveMaximum;
    return this.answersAtOnce && options.maximumQos > 0 && !isFull;
  }

  /** Nothing that goes before waits for the storage. */
  get answersAtOnce(): boolean {
    return this.#receipts.pending === 0;
  }

  /**
   * Remembers a publish of QoS 2 that is passed on, until its PUBREL comes or the connection ends. False when it was
   * received before, or cannot be acknowledged at once, or must be remembered longer.
   */
  receiveLive(packetId: number): boolean {
    const { options, session } = this.#ports;
    if (session.isKept || options.maximumQos < 2 || !this.acknowledgesAtOnce || this.#isKnown(packetId))
      return false;
    this.#live.set(packetId, 1);
    return true;
  }

  /** The PUBREL of a message that was passed on. False when there is none. */
  releaseLive(packetId: number): boolean {
    if (this.#live.get(packetId) === 0) return false;
    this.#live.set(packetId, 0);
    return true;
  }

  /** The client has discarded the message, expired or not [MQTT-4.3.3-13]: its identifier may be used again [MQTT-4.3.3-11], [MQTT-4.3.3-12]. */
  pubrel({ packetId }: Acknowledgement): void {
    const { client, session, sender } = this.#ports;
    if (this.releaseLive(packetId)) {
      this.#incomplete.add(packetId);
    } else if (session.received.has(packetId)) {
      client.vhost.sessions.forget(session, packetId);
    } else {
      this.#answer("pubcomp", packetId, sender.version === 5 ? reasonCode.packetIdentifierNotFound : 0);
      return;
    }
    this.#owe(receiptFor.pubcomp + packetId, session.isKept);
  }

  /** Calls `sendRelease` when everything settled so far is on stable storage, as far as anything `isStored`. */
  releaseSafely(packetId: number, isStored: boolean): void {
    this.#owe(receiptFor.pubrel + packetId, isStored);
  }

  /** Calls `sendPublish` when everything written so far is on stable storage. */
  publishSafely(packetId: number): void {
    this.#owe(receiptFor.publish + packetId, true);
  }

  /** What a receipt is for comes after what is owed already, and after the next commit where that `isStored`. */
  #owe(tag: number, isStored: boolean): void {
    if (isStored) this.#ports.client.vhost.commitReceipt(this.#receipts, tag);
    else this.#receipts.add(tag, "routed", 0);
  }

  #isKnown(packetId: number): boolean {
    return this.#live.get(packetId) !== 0 || this.#ports.session.received.has(packetId);
  }

  /** Publishes of QoS 1 and 2 of this connection whose flows are not complete. */
  #openFlows(): number {
    return this.#unacknowledged + this.#incomplete.size + this.#live.count;
  }

  #checkCapabilities({ qos, retain, payload }: Publish): void {
    const { options, maxMessageBytes } = this.#ports;
    this.#checkQos(qos);
    if (retain && !options.retainAvailable) {
      throw new ReasonError(
        reasonCode.retainNotSupported,
        "unsupported",
        "no retained messages [MQTT-3.2.2-14]",
      );
    }
    if (payload.length > maxMessageBytes) {
      throw new BrokerError("too-large", `message of ${payload.length} bytes, limit ${maxMessageBytes}`);
    }
  }

  #checkQos(qos: Qos): void {
    const { maximumQos } = this.#ports.options;
    if (qos <= maximumQos) return;
    const message = `QoS ${qos}, maximum ${maximumQos} [MQTT-3.2.2-11]`;
    throw new ReasonError(reasonCode.qosNotSupported, "unsupported", message);
  }

  /** A QoS 2 message that was received before is acknowledged and goes no further [MQTT-4.3.3-10]. */
  #isRepeated(qos: Qos, packetId: number): boolean {
    if (qos !== 2 || !this.#isKnown(packetId)) return false;
    if (this.#live.get(packetId) === 0) this.#incomplete.add(packetId);
    if (this.#unreceived.has(packetId)) return true;
    this.#unreceived.add(packetId);
    this.#owe(receiptFor.pubrec + packetId, this.#ports.session.isKept);
    return true;
  }

  /** [MQTT-3.3.4-7]: before MQTT 5.0 a client knows no Receive Maximum. */
  #count(qos: Qos, packetId: number): void {
    if (qos === 0) return;
    const { options, sender } = this.#ports;
    if (sender.version === 5 && this.#openFlows() >= options.receiveMaximum) {
      const message = `more than ${options.receiveMaximum} publishes at once [MQTT-3.3.4-7]`;
      throw new ReasonError(reasonCode.receiveMaximumExceeded, "quota", message);
    }
    if (qos === 1) this.#unacknowledged++;
    else this.#incomplete.add(packetId);
  }

  #route(message: Message, qos: Qos, packetId: number): void {
    const { client, session, gate } = this.#ports;
    if (qos === 0) {
      client.vhost.publish(message);
      return;
    }
    // To the sessions that it is for, before anybody is told [MQTT-4.5.0-1].
    if (qos === 1) {
      // Not remembered: the same identifier is a new message's after the PUBACK [MQTT-4.3.2-5].
      client.vhost.publish(message, this.#receipts, receiptFor.puback + packetId);
    } else {
      // In the same commit as the message itself.
      client.vhost.sessions.remember(session, packetId);
      this.#unreceived.add(packetId);
      client.vhost.publish(message, this.#receipts, receiptFor.pubrec + packetId);
    }
    if (this.#receipts.pending > storageHighWater) gate.close("storage");
  }

  /**
   * The broker has the message: the packet that its QoS asks for goes out, under its identifier [MQTT-3.3.4-1],
   * [MQTT-4.3.2-4], [MQTT-4.3.3-8], MQTT 3.1.1 [MQTT-2.3.1-6].
   */
  #accepted(tag: number, outcome: PublishOutcome): void {
    const packetId = tag & 0xffff;
    switch (tag - packetId) {
      case receiptFor.puback:
        this.#unacknowledged--;
        this.#answerPublish("puback", packetId, outcome);
        break;
      case receiptFor.pubrec:
        this.#unreceived.delete(packetId);
        this.#answerPublish("pubrec", packetId, outcome);
        break;
      case receiptFor.pubcomp:
        this.#incomplete.delete(packetId);
        this.#answer("pubcomp", packetId, reasonCode.success);
        break;
      case receiptFor.pubrel:
        this.#ports.sendRelease(packetId);
        break;
      default:
        this.#ports.sendPublish(packetId);
    }
    if (this.#ports.gate.has("storage") && this.#receipts.pending < storageLowWater) this.#ports.goOn();
  }

  /** Before MQTT 5.0 nothing but success can be said: what failed stays unacknowledged, or ends the connection. */
  #answerPublish(type: "puback" | "pubrec", packetId: number, outcome: PublishOutcome): void {
    const { sender, options, fail } = this.#ports;
    const reason = publishReasons[outcome];
    if (reason >= 0x80 && type === "pubrec") this.#abandon(packetId);
    if (sender.version === 5 || reason < 0x80) this.#answer(type, packetId, reason);
    else if (outcome === "overflow" && options.closesOnOverflow) {
      fail(new BrokerError("overflow", "a queue is full and refuses the message"));
    }
  }

  /** A PUBREC of 0x80 or greater ends the flow: the identifier is free for a new message [MQTT-4.3.3-9]. */
  #abandon(packetId: number): void {
    const { client, session } = this.#ports;
    this.#incomplete.delete(packetId);
    client.vhost.sessions.forget(session, packetId);
  }

  /** A publish that may not be, or has no such target: the connection goes on where it can be told. */
  #refuse({ qos, packetId }: Publish, error: BrokerError): void {
    const { sender, options } = this.#ports;
    if (qos === 1) this.#unacknowledged--;
    else if (qos === 2) this.#incomplete.delete(packetId);
    if (sender.version === 5) {
      const type = qos === 1 ? "puback" : "pubrec";
      if (qos > 0) this.#answer(type, packetId, reasonOf(error, type), error.message);
      return;
    }
    // MQTT 3.1.1 [MQTT-3.3.5-2]: a positive acknowledgement, or the end of the connection.
    if (error.code !== "not-authorized" || options.closesUnauthorized) throw error;
    if (qos === 2) this.#ports.client.vhost.sessions.remember(this.#ports.session, packetId);
    if (qos > 0) this.#answer(qos === 1 ? "puback" : "pubrec", packetId, reasonCode.success);
  }

  #answer(type: AcknowledgementName, packetId: number, reason: ReasonCode, reasonString?: string): void {
    const { sender } = this.#ports;
    if (reason === reasonCode.success || sender.version !== 5) {
      sender.answer(acknowledgementHeader[type], packetId);
    } else {
      sender.send({ type, packetId, reason, properties: reasonString === undefined ? {} : { reasonString } });
    }
  }
}

function opened(packet: Publish): Publish {
  const enclosed = openJson(packet.payload);
  if (enclosed === undefined) return packet;
  return { ...packet, payload: enclosed.payload, properties: encodeProperties(enclosed.properties) };
}
