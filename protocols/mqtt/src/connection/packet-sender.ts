import { BrokerError, type Traffic, type Transport } from "@dragoman/core";
import { encodePacket, type Packet } from "../codec/packet.ts";
import type { Properties } from "../codec/property.ts";
import type { ProtocolVersion } from "../codec/protocol-version.ts";
import { Answers } from "./answers.ts";

/** Writes packets as one client can read them. */
export class PacketSender {
  /** Set by the CONNECT. */
  version: ProtocolVersion = 4;
  /** The client's Maximum Packet Size, in bytes [MQTT-3.1.2-24]. */
  maxPacketBytes: number = Number.POSITIVE_INFINITY;
  /** The client's Request Problem Information [MQTT-3.1.2-29]. */
  tellsProblems = true;
  readonly #transport: Transport;
  readonly #traffic: Traffic;
  #answers: Answers | undefined;
  #isClosed = false;

  constructor(transport: Transport, traffic: Traffic) {
    this.#transport = transport;
    this.#traffic = traffic;
  }

  /**
   * Sends the packet, without what explains it when that is not wanted or makes it too large.
   *
   * @throws BrokerError "too-large" when the client still does not accept it
   */
  send(packet: Packet): void {
    this.sendBytes(this.fit(packet));
  }

  /** As `send` for what tells the end of the connection: it ends too when that cannot be told. */
  sendLast(packet: Packet): void {
    try {
      this.send(packet);
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
    }
  }

  /**
   * The bytes that `send` would send.
   *
   * @throws BrokerError "too-large" when the client does not accept so many
   */
  fit(packet: Packet): Buffer {
    const allowed = this.tellsProblems || packet.type === "connack" || packet.type === "disconnect";
    const wanted = allowed ? packet : withoutExplanation(packet);
    let bytes = encodePacket(wanted, this.version);
    // [MQTT-3.2.2-19], [MQTT-3.2.2-20], [MQTT-3.4.2-2], [MQTT-3.4.2-3], [MQTT-3.5.2-2], [MQTT-3.5.2-3],
    // [MQTT-3.6.2-2], [MQTT-3.6.2-3], [MQTT-3.7.2-2], [MQTT-3.7.2-3], [MQTT-3.9.2-1], [MQTT-3.9.2-2],
    // [MQTT-3.11.2-1], [MQTT-3.11.2-2], [MQTT-3.14.2-3], [MQTT-3.14.2-4], [MQTT-3.15.2-2], [MQTT-3.15.2-3]
    if (bytes.length > this.maxPacketBytes) bytes = encodePacket(withoutExplanation(packet), this.version);
    if (bytes.length <= this.maxPacketBytes) return bytes;
    throw new BrokerError(
      "too-large",
      `a ${packet.type} of ${bytes.length} bytes, limit of the client ${this.maxPacketBytes} [MQTT-3.1.2-24]`,
    );
  }

  /**
   * Sends a PUBACK, PUBREC, PUBREL or PUBCOMP of success, together with those that come next: before anything else is
   * sent, and before the turn of the loop is over.
   *
   * @param first its first byte
   */
  answer(first: number, packetId: number): void {
    if (this.#isClosed) return;
    const answers = (this.#answers ??= new Answers());
    if (answers.count === 0) queueMicrotask(() => this.sendAnswers());
    answers.add(first, packetId);
  }

  sendAnswers(): void {
    const answers = this.#answers;
    if (answers === undefined || answers.count === 0) return;
    const { count } = answers;
    this.#send(answers.take(), count);
  }

  /** Sends a packet that is bytes already and was checked for its size. */
  sendBytes(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    this.sendAnswers();
    this.#send(bytes, 1);
  }

  /**
   * As `sendBytes` for `count` PUBLISH packets.
   *
   * @param rest of the last of them
   */
  sendPublishes(bytes: Uint8Array, count: number, rest?: Uint8Array): void {
    if (this.#isClosed) return;
    this.sendAnswers();
    this.#traffic.messagesSent += count;
    this.#send(bytes, count);
    if (rest !== undefined) this.#send(rest, 0);
  }

  /** Nothing more is sent: acknowledgements may become due when the connection has ended [MQTT-3.14.4-1]. */
  close(): void {
    this.sendAnswers();
    this.#isClosed = true;
  }

  #send(bytes: Uint8Array, count: number): void {
    this.#traffic.packetsSent += count;
    this.#traffic.bytesSent += bytes.length;
    this.#transport.send(bytes);
  }
}

function withoutExplanation(packet: Packet): Packet {
  // A PUBLISH's properties are the publisher's, not ours.
  if (!("properties" in packet) || packet.type === "publish" || packet.type === "connect") return packet;
  const { reasonString: _reason, userProperties: _user, ...properties }: Properties = packet.properties;
  return { ...packet, properties };
}
