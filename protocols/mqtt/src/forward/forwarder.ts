import type { Client, Traffic } from "@dragoman/core";
import { acknowledgementHeader } from "../codec/acknowledgement.ts";
import type { Incoming } from "../connection/incoming.ts";
import type { Outgoing } from "../connection/outgoing.ts";
import type { PacketSender } from "../connection/packet-sender.ts";
import type { PacketSplitter } from "../codec/packet-splitter.ts";
import type { Qos } from "../codec/qos.ts";
import { Answers } from "./answers.ts";
import { PacketRun } from "./packet-run.ts";
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
  readonly traffic: Traffic;
  /** Largest packet that is passed on, in bytes. */
  readonly maxPacketBytes: number;
  /** Told before that many messages of the client go on. */
  readonly publishing: (count: number) => void;
}

/** First bytes of acknowledgements, which are ordinary when nothing but an identifier follows. */
const { puback, pubrec, pubrel, pubcomp } = acknowledgementHeader;
const acknowledgementBytes = 4;

/**
 * Passes ordinary messages on as the bytes they are, without an object, a string or a view for any of them: consecutive
 * packets with the same receivers are one range of bytes, copied once for all of QoS 0 and once for each receiver of
 * QoS 1 and 2, whose own identifiers are then written into it. What answers them is read in place and sent in batches.
 * Everything else is left to the plain way, from which this differs in nothing but speed.
 *
 * Measured with one publisher: messages of QoS 0 and 64 bytes took 2.4 µs by the plain way and 0.14 µs here for one
 * subscriber, 0.45 µs and 0.03 µs for each of a hundred; of QoS 1 and 256 bytes 6.6 µs and 1.4 µs; of QoS 2
 * 11.4 µs and 1.5 µs.
 */
export class Forwarder {
  readonly #ports: ForwarderPorts;
  readonly #hasProperties: boolean;
  readonly #head = new PublishHead();
  readonly #answers = new Answers();
  /** The packets from `start` on, `count` of them, that wait for the first one with other receivers. */
  #receivers: Receivers | undefined;
  #qos: Qos = 0;
  #start = 0;
  #count = 0;
  /** Flows to this client that its PUBACKs and PUBCOMPs have ended. */
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
    const first = bytes[at] ?? 0;
    switch (first) {
      case publishOf[0]:
        return this.#take(bytes, at, 0) ? this.#head.end : 0;
      case publishOf[1]:
        return this.#take(bytes, at, 1) ? this.#head.end : 0;
      case publishOf[2]:
        return this.#take(bytes, at, 2) ? this.#head.end : 0;
      case puback:
      case pubrec:
      case pubrel:
      case pubcomp:
        return this.#isAcknowledged(bytes, at, first) ? at + acknowledgementBytes : 0;
      default:
        return 0;
    }
  }

  /** Adds the message to those that wait, after sending them when it has other receivers. */
  #take(bytes: Buffer, at: number, qos: Qos): boolean {
    const head = this.#head;
    if (!head.read(bytes, at) || !this.#isOrdinary(bytes, head)) return false;
    const receivers = this.#receiversOf(bytes, head);
    if (receivers === undefined || !this.#fits(head.end - at, receivers)) return false;
    if (qos > 0 && !this.#canAnswer(bytes, head.topicEnd, qos, receivers)) return false;
    if (receivers !== this.#receivers || qos !== this.#qos) {
      this.#flush(bytes, at);
      this.#receivers = receivers;
      this.#qos = qos;
    }
    this.#count++;
    if (qos > 0) this.#answers.add(qos === 1 ? puback : pubrec, bytes, head.topicEnd);
    return true;
  }

  /** No properties, where there could be some. */
  #isOrdinary(bytes: Buffer, { propertiesAt, end }: PublishHead): boolean {
    return !this.#hasProperties || (propertiesAt < end && bytes[propertiesAt] === 0);
  }

  /**
   * Whether the message can be acknowledged at once; one of QoS 2 has been received then. Its publisher is told when
   * nobody got it: that is for the plain way.
   */
  #canAnswer(bytes: Buffer, identifierAt: number, qos: Qos, { groups }: Receivers): boolean {
    const { incoming } = this.#ports;
    const packetId = uint16At(bytes, identifierAt);
    if (groups.length === 0 || packetId === 0) return false;
    return qos === 1 ? incoming.acknowledgesAtOnce : incoming.receiveLive(packetId);
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

  /** An ordinary acknowledgement that was expected, of a message that was passed on. */
  #isAcknowledged(bytes: Buffer, at: number, first: number): boolean {
    if (bytes.length - at < acknowledgementBytes || bytes[at + 1] !== acknowledgementBytes - 2) return false;
    this.#flush(bytes, at);
    if (!this.#acknowledge(first, uint16At(bytes, at + 2), bytes, at + 2)) return false;
    this.#start = at + acknowledgementBytes;
    this.#ports.traffic.packetsReceived++;
    return true;
  }

  #acknowledge(first: number, packetId: number, bytes: Buffer, identifierAt: number): boolean {
    const { incoming, outgoing } = this.#ports;
    switch (first) {
      case puback:
        return this.#end(outgoing.live.acknowledge(packetId));
      case pubcomp:
        return this.#end(outgoing.live.complete(packetId));
      case pubrec:
        if (!incoming.answersAtOnce || !outgoing.live.receive(packetId)) return false;
        this.#answers.add(pubrel, bytes, identifierAt);
        return true;
      default:
        if (!incoming.answersAtOnce || !incoming.releaseLive(packetId)) return false;
        this.#answers.add(pubcomp, bytes, identifierAt);
        return true;
    }
  }

  #end(isEnded: boolean): boolean {
    if (isEnded) this.#ended++;
    return isEnded;
  }

  /** Sends what waits, which ends at `end`; what comes next begins there. */
  #flush(bytes: Buffer, end: number): void {
    const receivers = this.#receivers;
    const start = this.#start;
    this.#start = end;
    if (receivers === undefined) return;
    const count = this.#count;
    this.#count = 0;
    this.#receivers = undefined;
    // What was acknowledged before has made room for these.
    this.#release();
    this.#ports.traffic.packetsReceived += count;
    this.#ports.publishing(count);
    const layout = { qos: this.#qos, hasProperties: this.#hasProperties };
    this.#send(new PublishRun(bytes.subarray(start, end), layout, count), receivers);
  }

  #send(run: PublishRun, { groups }: Receivers): void {
    if (groups.length === 0) this.#ports.client.vhost.drops.count("unroutable", run.count);
    for (const { hasProperties, qos: highest, members } of groups) {
      const qos = run.qos < highest ? run.qos : highest;
      for (const member of members) {
        if (qos === 0) member.pass(run.inLayout({ qos, hasProperties }), run.count);
        else member.passOn(new PacketRun(run.ownIn({ qos, hasProperties }), qos, run.count));
      }
    }
  }

  #answer(): void {
    const { count } = this.#answers;
    if (count > 0) this.#ports.sender.sendBytes(this.#answers.take(), count);
    this.#release();
  }

  #release(): void {
    const ended = this.#ended;
    this.#ended = 0;
    if (ended > 0) this.#ports.outgoing.endedLive(ended);
  }
}
