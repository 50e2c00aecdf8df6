import type { Qos } from "../codec/qos.ts";
import { PublishHead } from "./publish-head.ts";

/** PUBLISH packets of QoS 1, or all of QoS 2, on their way to one client, in bytes of its own. Each gets its identifier as it goes out. */
export class PacketRun {
  readonly qos: Exclude<Qos, 0>;
  readonly #packets: Buffer;
  readonly #head = new PublishHead();
  #at = 0;
  #count: number;

  constructor(packets: Buffer, qos: Exclude<Qos, 0>, count: number) {
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

  /** The next `count` packets, with the identifiers that `claim` gives: bytes that do not change any more. */
  take(count: number, claim: () => number): Buffer {
    const start = this.#at;
    for (let left = count; left > 0; left--) {
      const at = this.#next();
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
