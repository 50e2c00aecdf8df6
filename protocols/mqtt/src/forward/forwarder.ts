import type { Client } from "@dragoman/core";
import type { Incoming } from "../connection/incoming.ts";
import type { Outgoing } from "../connection/outgoing.ts";
import type { PacketSender } from "../connection/packet-sender.ts";
import type { PacketSplitter } from "../codec/packet-splitter.ts";
import { PacketRun } from "./packet-run.ts";
import { Pubacks } from "./pubacks.ts";
import { PublishHead, publishOf, uint16At } from "./publish-head.ts";
import { layoutGrowth, PublishRun } from "./publish-run.ts";
import type { Receivers } from "./receivers.ts";
import type { TopicTable } from "./topic-table.ts";

export interface ForwarderPorts {
  readonly client: Client;
  readonly topics: TopicTable;
  readonly incoming: Incoming;
  readonly outgoing: Outgoing;
  readonly sender: PacketSender;
  /** Largest packet that is passed on, in bytes. */
  readonly maxPacketBytes: number;
  /** Told before that many messages of the client go on. */
  readonly publishing: (count: number) => void;
}

/** A PUBACK of success: its first byte and its length. */
const puback = [0x40, 2] as const;

/**
 * Passes ordinary messages of QoS 0 and 1 on as the bytes they are, without an object, a string or a view for any of
 * them: consecutive packets with the same receivers are one range of bytes, copied once for all of QoS 0 and once for
 * each receiver of QoS 1, whose own identifiers are then written into it. PUBACKs are taken and given in batches.
 * Everything else is left to the plain way, from which this differs in nothing but speed.
 *
 * Measured with one publisher: messages of QoS 0 and 64 bytes took 2.4 µs by the plain way and 0.14 µs here for one
 * subscriber, 0.45 µs and 0.03 µs for each of a hundred; of QoS 1 and 256 bytes 6.6 µs and 1.4 µs.
 */
export class Forwarder {
  readonly #ports: ForwarderPorts;
  readonly #hasProperties: boolean;
  readonly #head = new PublishHead();
  readonly #pubacks = new Pubacks();
  /** The packets from `start` on, `count` of them, that wait for the first one with other receivers. */
  #receivers: Receivers | undefined;
  #qos: 0 | 1 = 0;
  #start = 0;
  #count = 0;
  /** Flows to this client that its PUBACKs have ended. */
  #ended = 0;

  constructor(ports: ForwarderPorts) {
    this.#ports = ports;
    this.#hasProperties = ports.sender.version === 5;
  }

  /** Takes all packets that can be passed on, up to the first that cannot. True when there was one. */
  run(splitter: PacketSplitter): boolean {
    const bytes = splitter.chunk;
    const first = splitter.at;
    let at = first;
    this.#start = at;
    for (let next = this.#next(bytes, at); next > at; next = this.#next(bytes, at)) at = next;
    if (at === first) return false;
    this.#flush(bytes, at);
    this.#answer();
    splitter.advance(at);
    return true;
  }

  /** Takes the packet at `at` and returns where the next one begins; 0 when it is for the plain way. */
  #next(bytes: Buffer, at: number): number {
    switch (bytes[at] ?? 0) {
      case publishOf[0]:
        return this.#take(bytes, at, 0) ? this.#head.end : 0;
      case publishOf[1]:
        return this.#take(bytes, at, 1) ? this.#head.end : 0;
      case puback[0]:
        return this.#acknowledged(bytes, at) ? at + 4 : 0;
      default:
        return 0;
    }
  }

  /** Adds the message to those that wait, after sending them when it has other receivers. */
  #take(bytes: Buffer, at: number, qos: 0 | 1): boolean {
    const head = this.#head;
    if (!head.read(bytes, at) || !this.#isOrdinary(bytes, head)) return false;
    const receivers = this.#receiversOf(bytes, head);
    if (receivers === undefined || !this.#fits(head.end - at, receivers)) return false;
    if (qos === 1 && !this.#canAcknowledge(bytes, head.topicEnd, receivers)) return false;
    if (receivers !== this.#receivers || qos !== this.#qos) {
      this.#flush(bytes, at);
      this.#receivers = receivers;
      this.#qos = qos;
    }
    this.#count++;
    if (qos === 1) this.#pubacks.add(bytes, head.topicEnd);
    return true;
  }

  /** No properties, where there could be some. */
  #isOrdinary(bytes: Buffer, { propertiesAt, end }: PublishHead): boolean {
    return !this.#hasProperties || (propertiesAt < end && bytes[propertiesAt] === 0);
  }

  /** A publisher of QoS 1 is told when nobody got its message: that is for the plain way. */
  #canAcknowledge(bytes: Buffer, identifierAt: number, { groups }: Receivers): boolean {
    return groups.length > 0 && uint16At(bytes, identifierAt) > 0 && this.#ports.incoming.acknowledgesAtOnce;
  }

  #fits(byteCount: number, { maxPacketBytes }: Receivers): boolean {
    return byteCount <= this.#ports.maxPacketBytes && byteCount + layoutGrowth <= maxPacketBytes;
  }

  #receiversOf(bytes: Buffer, { topicStart, topicEnd }: PublishHead): Receivers | undefined {
    const { topics, client } = this.#ports;
    const known = topics.find(bytes, topicStart, topicEnd);
    if (known === undefined) return undefined;
    if (known.allowed !== client.identity) {
      if (!client.allows("publish", "topic", known.topic.path)) return undefined;
      known.allowed = client.identity;
    }
    return topics.receiversOf(known);
  }

  /** An ordinary PUBACK for a message that was passed on to this client. */
  #acknowledged(bytes: Buffer, at: number): boolean {
    if (bytes.length - at < 4 || bytes[at + 1] !== puback[1]) return false;
    if (!this.#ports.outgoing.endLive(uint16At(bytes, at + 2))) return false;
    this.#flush(bytes, at);
    this.#ended++;
    return true;
  }

  /** Sends what waits, which ends at `end`; what comes next begins there. */
  #flush(bytes: Buffer, end: number): void {
    const receivers = this.#receivers;
    const count = this.#count;
    const packets = bytes.subarray(this.#start, end);
    this.#start = end;
    this.#count = 0;
    this.#receivers = undefined;
    if (receivers === undefined) return;
    this.#ports.publishing(count);
    const layout = { qos: this.#qos, hasProperties: this.#hasProperties };
    this.#send(new PublishRun(packets, layout, count), receivers);
  }

  #send(run: PublishRun, { groups }: Receivers): void {
    if (groups.length === 0) this.#ports.client.vhost.drops.count("unroutable", run.count);
    for (const { hasProperties, isAcknowledged, members } of groups) {
      const qos = isAcknowledged ? run.qos : 0;
      const packets = run.inLayout({ qos, hasProperties });
      for (const member of members) {
        if (qos === 0) member.pass(packets, run.count);
        // One may write its identifiers into the packets themselves, the others need their own.
        else member.passOn(new PacketRun(members.length === 1 ? packets : Buffer.from(packets), run.count));
      }
    }
  }

  #answer(): void {
    const { outgoing, sender } = this.#ports;
    if (this.#pubacks.count > 0) sender.sendBytes(this.#pubacks.take());
    if (this.#ended > 0) outgoing.endedLive(this.#ended);
    this.#ended = 0;
  }
}
