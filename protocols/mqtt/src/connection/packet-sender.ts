import { BrokerError, ByteWriter, type Traffic, type Transport } from "@dragoman/core";
import { encodePacket, type Packet } from "../codec/packet.ts";
import type { Properties } from "../codec/property.ts";
import type { ProtocolVersion } from "../codec/protocol-version.ts";

/** Bytes of a batch that is sent without waiting for its end. */
const fullBatchBytes = 64 * 1024;
const leastBatchBytes = 64;
const answerBytes = 4;

/**
 * Writes packets as one client can read them. What is short and comes in numbers gathers in a batch, which goes out
 * before anything else is sent, and before the turn of the loop is over.
 */
export class PacketSender {
  /** Set by the CONNECT. */
  version: ProtocolVersion = 4;
  /** The client's Maximum Packet Size, in bytes [MQTT-3.1.2-24]. */
  maxPacketBytes: number = Number.POSITIVE_INFINITY;
  /** The client's Request Problem Information [MQTT-3.1.2-29]. */
  tellsProblems = true;
  readonly #transport: Transport;
  readonly #traffic: Traffic;
  #batch: ByteWriter | undefined;
  /** Packets in it. */
  #batched = 0;
  /** Bytes that the next one probably needs. */
  #expectedBytes = leastBatchBytes;
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

  /** What the transport has not sent yet. */
  get waitingBytes(): number {
    return this.#transport.bufferedBytes + (this.#batch?.length ?? 0);
  }

  /**
   * Adds a PUBACK, PUBREC, PUBREL or PUBCOMP of success to the batch: four bytes, the same in every version.
   *
   * @param first its first byte
   */
  answer(first: number, packetId: number): void {
    if (this.#isClosed) return;
    const batch = this.#gather();
    const at = batch.reserve(answerBytes);
    const { target } = batch;
    target[at] = first;
    target[at + 1] = answerBytes - 2;
    target[at + 2] = packetId >> 8;
    target[at + 3] = packetId & 0xff;
  }

  /** Where a PUBLISH is to be written that goes out with the batch: at once, and whole. Undefined when none does. */
  addPublish(): ByteWriter | undefined {
    if (this.#isClosed) return undefined;
    this.#traffic.messagesSent++;
    return this.#gather();
  }

  /** Sends the batch. */
  flush(): void {
    const batch = this.#batch;
    const count = this.#batched;
    if (batch === undefined) return;
    this.#batch = undefined;
    this.#batched = 0;
    this.#expectedBytes = Math.max(batch.length, this.#expectedBytes >> 1);
    this.#send(batch.finish(), count);
  }

  /** Sends a packet that is bytes already and was checked for its size. */
  sendBytes(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    this.flush();
    this.#send(bytes, 1);
  }

  /**
   * As `sendBytes` for `count` PUBLISH packets.
   *
   * @param rest of the last of them
   */
  sendPublishes(bytes: Uint8Array, count: number, rest?: Uint8Array): void {
    if (this.#isClosed) return;
    this.flush();
    this.#traffic.messagesSent += count;
    this.#send(bytes, count);
    if (rest !== undefined) this.#send(rest, 0);
  }

  /** Nothing more is sent: acknowledgements may become due when the connection has ended [MQTT-3.14.4-1]. */
  close(): void {
    this.flush();
    this.#isClosed = true;
  }

  /** The batch, for one more packet. */
  #gather(): ByteWriter {
    if (this.#batch !== undefined && this.#batch.length >= fullBatchBytes) this.flush();
    this.#batched++;
    return (this.#batch ??= this.#begin());
  }

  #begin(): ByteWriter {
    queueMicrotask(() => this.flush());
    return new ByteWriter(this.#expectedBytes);
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
