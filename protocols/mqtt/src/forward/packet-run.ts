import type { Qos } from "../codec/qos.ts";
import { PublishHead } from "./publish-head.ts";

/** PUBLISH packets of one QoS on their way to one client, in bytes of its own. Each gets its identifier, if any, as it goes out. */
export class PacketRun {
  readonly qos: Qos;
  readonly #packets: Buffer;
  readonly #head = new PublishHead();
  #at = 0;
  #count: number;

  constructor(packets: Buffer, qos: Qos, count: number) {
    this.qos = qos;
    this.#packets = packets;
    this.#count = count;
  }

  /** Packets that were not taken yet. */
  get count(): number {
    return this.#count;
  }

  /** Bytes that were not taken yet. */
  get byteCount(): number {
    return this.#packets.length - this.#at;
  }

  /** The next `count` packets, with the identifiers that `claim` gives if they have any: bytes that do not change any more. */
  take(count: number, claim: (() => number) | undefined): Buffer {
    const start = this.#at;
    for (let left = count; left > 0; left--) {
      const at = this.#next();
      if (claim === undefined) continue;
      const packetId = claim();
      this.#packets[at] = packetId >> 8;
      this.#packets[at + 1] = packetId & 0xff;
    }
    return this.#packets.subarray(start, this.#at);
  }

  /** Gives up the next packet. */
  drop(): void {
    this.#next();
  }

  /** Passes a packet; returns where its identifier stands. */
  #next(): number {
    this.#head.read(this.#packets, this.#at);
    this.#at = this.#head.end;
    this.#count--;
    return this.#head.topicEnd;
  }
}
