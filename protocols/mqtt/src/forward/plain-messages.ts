import { ChunkCopies, Message, MessageHead, type Publisher, type Topic, TOPIC_SPACE } from "@dragoman/core";
import type { ProtocolVersion } from "../codec/protocol-version.ts";
import type { Qos } from "../codec/qos.ts";
import { propertyCodecOf } from "../translation/property-codec.ts";

const noBytes = Buffer.alloc(0);

/** Makes messages of one publisher's packets, ordinary ones without properties, of which neighbours share what they can. */
export class PlainMessages {
  readonly #publisher: Publisher;
  readonly #version: ProtocolVersion;
  readonly #bodies = new ChunkCopies();
  #head: MessageHead | undefined;

  constructor(publisher: Publisher, version: ProtocolVersion) {
    this.#publisher = publisher;
    this.#version = version;
  }

  /**
   * A message whose body lies in `chunk` from `start` up to `end`.
   *
   * @param nowMs milliseconds since 1970
   */
  make(topic: Topic, qos: Qos, chunk: Buffer, start: number, end: number, nowMs: number): Message {
    const body = this.#bodies.take(chunk, start, end);
    return new Message({ body, receivedAtMs: nowMs }, this.#headOf(topic, qos));
  }

  /** Lets go of the chunk. */
  release(): void {
    this.#bodies.release();
  }

  #headOf(topic: Topic, qos: Qos): MessageHead {
    const known = this.#head;
    if (known?.topic === topic && known.qos === qos) return known;
    return (this.#head = new MessageHead({
      exchange: TOPIC_SPACE,
      topic,
      publisher: this.#publisher,
      durable: qos > 0,
      qos,
      codec: propertyCodecOf(this.#version),
      raw: noBytes,
    }));
  }
}
