import type { Message } from "@dragoman/core";
import type { FrameHeader, Version } from "../codec/frame.ts";
import { encodeHeaderLines } from "../codec/frame-encoder.ts";
import type { DestinationSpelling } from "../translation/delivered-destination.ts";
import { closingNul, type MessageEncoder } from "../translation/message-frame.ts";
import type { Outbox } from "./outbox.ts";

/** What one delivery adds to a message. */
export interface DeliveryHeaders {
  readonly messageId: string;
  /** For ACK; undefined when none is expected, or the version knows no such header. */
  readonly ack: string | undefined;
  readonly redelivered: boolean;
  /** It was published earlier and kept as its topic's last message. */
  readonly retained: boolean;
  /** Its place in the stream that it was read from. */
  readonly offset: number | undefined;
}

/** Writes the MESSAGE frames of one subscription. */
export class MessageWriter {
  readonly #outbox: Outbox;
  readonly #encoder: MessageEncoder;
  readonly #spelling: DestinationSpelling;
  readonly #version: Version;
  /** Command and subscription header, the same for every message. */
  readonly #start: string;

  constructor(
    ports: { readonly outbox: Outbox; readonly encoder: MessageEncoder; readonly version: Version },
    spelling: DestinationSpelling,
    subscriptionId: string | undefined,
  ) {
    this.#outbox = ports.outbox;
    this.#encoder = ports.encoder;
    this.#version = ports.version;
    this.#spelling = spelling;
    const headers: FrameHeader[] = subscriptionId === undefined ? [] : [["subscription", subscriptionId]];
    this.#start = `MESSAGE\n${encodeHeaderLines("MESSAGE", headers, ports.version)}message-id:`;
  }

  /** The identifiers must need no escape. */
  write(message: Message, { messageId, ack, redelivered, retained, offset }: DeliveryHeaders): void {
    const { head, body, isText } = this.#encoder.tail(message, this.#spelling.of(message), this.#version);
    const ackLine = ack === undefined ? "" : `ack:${ack}\n`;
    const retainedLine = retained ? "retained:true\n" : "";
    const offsetLine = offset === undefined ? "" : `x-stream-offset:${offset}\n`;
    const start = `${this.#start}${messageId}\n${ackLine}redelivered:${redelivered}\n${retainedLine}${offsetLine}`;
    this.#outbox.send(Buffer.from(start), isText);
    this.#outbox.send(head, isText);
    if (body === undefined) return;
    this.#outbox.send(body, isText);
    this.#outbox.send(closingNul, isText);
  }
}
