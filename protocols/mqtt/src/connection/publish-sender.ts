import type { Message, MessageHead } from "@dragoman/core";
import type { PacketSender } from "./packet-sender.ts";
import type { PublishEncoder, Sending } from "./publish-encoder.ts";
import { PublishTemplate } from "./publish-template.ts";

/** Sends messages to one client: what is said in the same words as the message before, by a template. */
export class PublishSender {
  readonly #encoder: PublishEncoder;
  readonly #sender: PacketSender;
  #template: PublishTemplate | undefined;
  /** Of the message before: what comes twice in a row is worth a template. */
  #lastHead: MessageHead | undefined;

  constructor(encoder: PublishEncoder, sender: PacketSender) {
    this.#encoder = encoder;
    this.#sender = sender;
  }

  /** A packet says what a publisher's packet would not, whatever the message. */
  get isOwn(): boolean {
    return this.#encoder.isOwn;
  }

  /**
   * False when the client cannot get the message: it is counted, and done with [MQTT-3.1.2-25].
   *
   * @param nowMs milliseconds since 1970
   */
  send(message: Message, sending: Sending, nowMs: number): boolean {
    const template = this.#template;
    const behind = this.#encoder.bodyBehind(message);
    // For a large body there is nothing to gain by a template.
    if (behind === undefined && template?.fits(message, sending) === true) {
      return this.#sendBy(template, message, sending);
    }
    const bytes = this.#encoder.encode(message, sending, nowMs);
    if (bytes === undefined) return false;
    this.#sender.sendPublishes(bytes, 1, behind);
    if (sending.qos > 0 && behind === undefined) this.#learn(bytes, message, sending);
    return true;
  }

  #sendBy(template: PublishTemplate, message: Message, sending: Sending): boolean {
    const byteCount = template.byteCount(message);
    if (!this.#encoder.isAccepted(byteCount)) return false;
    const writer = this.#sender.addPublish();
    if (writer !== undefined) template.write(writer, message, sending, byteCount);
    return true;
  }

  /** Makes a template of a packet that depends on nothing that the next may not have in common with it. */
  #learn(packet: Buffer, message: Message, sending: Sending): void {
    const isSecond = message.head === this.#lastHead;
    this.#lastHead = message.head;
    const isOfMqtt = message.codec.protocol === "mqtt" && message.expiresAtMs === undefined;
    if (isSecond && !this.#encoder.isOwn && (this.#sender.version !== 5 || isOfMqtt))
      this.#template = new PublishTemplate(packet, message, sending);
  }
}
