import type { ByteWriter, Message, MessageHead, Subscription } from "@dragoman/core";
import { publishFlag } from "../codec/publish.ts";
import type { Qos } from "../codec/qos.ts";
import { putVariableByteInteger, variableByteIntegerSize } from "../codec/variable-byte-integer.ts";
import type { Sending } from "./publish-encoder.ts";

/**
 * What PUBLISH packets of QoS 1 or 2 to one client have in common when their messages share a head and the same
 * subscriptions selected them: everything but identifier, DUP and payload. Read off one that was encoded at length.
 */
export class PublishTemplate {
  readonly #head: MessageHead;
  readonly #subscriptions: readonly Subscription[];
  readonly #qos: Qos;
  readonly #first: number;
  /** With its length in front. */
  readonly #topic: Buffer;
  /** With their length in front; empty before MQTT 5.0. */
  readonly #properties: Buffer;

  /** @param packet the whole packet of this message, in which nothing depends on anything else */
  constructor(packet: Buffer, { head, body }: Message, { subscriptions, qos }: Sending) {
    let topicAt = 1;
    while ((packet[topicAt++] ?? 0) > 0x7f);
    const packetIdAt = topicAt + 2 + packet.readUInt16BE(topicAt);
    this.#head = head;
    this.#subscriptions = subscriptions;
    this.#qos = qos;
    this.#first = (packet[0] ?? 0) & ~publishFlag.dup;
    this.#topic = Buffer.from(packet.subarray(topicAt, packetIdAt));
    this.#properties = Buffer.from(packet.subarray(packetIdAt + 2, packet.length - body.length));
  }

  /** Whether `write` gives the packet of this message. */
  fits({ head, expiresAtMs }: Message, { subscriptions, qos }: Sending): boolean {
    const isAlike = head === this.#head && subscriptions === this.#subscriptions && qos === this.#qos;
    return isAlike && expiresAtMs === undefined;
  }

  /** Bytes of the whole packet. */
  byteCount({ byteCount }: Message): number {
    const remaining = this.#topic.length + 2 + this.#properties.length + byteCount;
    return 1 + variableByteIntegerSize(remaining) + remaining;
  }

  /** Writes the packet, of `byteCount` bytes. */
  write(writer: ByteWriter, { body }: Message, { dup, packetId }: Sending, byteCount: number): void {
    const topic = this.#topic;
    const properties = this.#properties;
    const start = writer.reserve(byteCount);
    const bytes = writer.target;
    bytes[start] = dup ? this.#first | publishFlag.dup : this.#first;
    const remaining = topic.length + 2 + properties.length + body.length;
    let at = putVariableByteInteger(bytes, start + 1, remaining);
    bytes.set(topic, at);
    at += topic.length;
    bytes[at] = packetId >> 8;
    bytes[at + 1] = packetId & 0xff;
    at += 2;
    if (properties.length > 0) bytes.set(properties, at);
    bytes.set(body, at + properties.length);
  }
}
