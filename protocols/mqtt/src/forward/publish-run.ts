import type { Qos } from "../codec/qos.ts";
import { putVariableByteInteger } from "../codec/variable-byte-integer.ts";
import { PublishHead, publishOf } from "./publish-head.ts";

/** How packets are laid out: the level of delivery, and whether there is a property list, as in MQTT 5.0. */
export interface PacketLayout {
  readonly qos: Qos;
  readonly hasProperties: boolean;
}

/** Bytes that a packet can gain by another layout: the empty property list, and one more for its own length. */
export const layoutGrowth = 2;

/** Consecutive PUBLISH packets of one layout, without properties, for the same receivers. */
export class PublishRun {
  readonly #packets: Buffer;
  readonly #layout: PacketLayout;
  readonly count: number;
  /** By layout. */
  readonly #copies: (Buffer | undefined)[] = [];

  /** @param packets valid as long as the run; nothing but `count` packets that a `PublishHead` can read */
  constructor(packets: Buffer, layout: PacketLayout, count: number) {
    this.#packets = packets;
    this.#layout = layout;
    this.count = count;
  }

  get qos(): Qos {
    return this.#layout.qos;
  }

  /** The packets in that layout, in bytes that can be kept and must not be changed: made once, however many ask. */
  inLayout(layout: PacketLayout): Buffer {
    const index = layout.qos + (layout.hasProperties ? 3 : 0);
    return (this.#copies[index] ??= this.#isSame(layout) ? this.#kept() : this.#rewrite(layout));
  }

  /** The packets in that layout, in bytes that are the caller's own. */
  ownIn(layout: PacketLayout): Buffer {
    return Buffer.from(this.#isSame(layout) ? this.#packets : this.inLayout(layout));
  }

  /** The packets themselves when they are most of their chunk; otherwise they would keep the rest of it. */
  #kept(): Buffer {
    const packets = this.#packets;
    return packets.length * 2 >= packets.buffer.byteLength ? packets : Buffer.from(packets);
  }

  #isSame({ qos, hasProperties }: PacketLayout): boolean {
    return qos === this.#layout.qos && hasProperties === this.#layout.hasProperties;
  }

  /** Never to a higher level of delivery than the packets have. */
  #rewrite({ qos, hasProperties }: PacketLayout): Buffer {
    const packets = this.#packets;
    const rewritten = Buffer.allocUnsafe(packets.length + layoutGrowth * this.count);
    const head = new PublishHead();
    let to = 0;
    for (let at = 0; head.read(packets, at); at = head.end) {
      const bodyAt = head.topicStart - 2;
      const identifierEnd = qos === 0 ? head.topicEnd : head.propertiesAt;
      const payloadAt = head.propertiesAt + (this.#layout.hasProperties ? 1 : 0);
      const length = identifierEnd - bodyAt + (hasProperties ? 1 : 0) + head.end - payloadAt;
      rewritten[to] = publishOf[qos];
      to = putVariableByteInteger(rewritten, to + 1, length);
      to += packets.copy(rewritten, to, bodyAt, identifierEnd);
      if (hasProperties) rewritten[to++] = 0;
      to += packets.copy(rewritten, to, payloadAt, head.end);
    }
    return rewritten.subarray(0, to);
  }
}
