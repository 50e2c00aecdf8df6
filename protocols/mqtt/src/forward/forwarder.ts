import type { Client, Traffic } from "@dragoman/core";
import { acknowledgementHeader } from "../codec/acknowledgement.ts";
import type { Incoming } from "../connection/incoming.ts";
import type { Outgoing } from "../connection/outgoing.ts";
import type { PacketSender } from "../connection/packet-sender.ts";
import type { PacketSplitter } from "../codec/packet-splitter.ts";
import type { Qos } from "../codec/qos.ts";
import { PacketRun } from "./packet-run.ts";
import { PlainMessages } from "./plain-messages.ts";
import { PublishHead, publishOf, uint16At } from "./publish-head.ts";
import { layoutGrowth, PublishRun } from "./publish-run.ts";
import type { Receivers } from "./receivers.ts";
import type { KnownTopic, TopicTable } from "./topic-table.ts";

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
 * Takes ordinary packets from where they lie. A message goes on as the bytes it is, without an object, a string or a
 * view: consecutive packets with the same receivers are one range of bytes, copied once for all of QoS 0 and once for
 * each receiver of QoS 1 and 2, whose own identifiers are then written into it. Where a receiver needs more than
 * the packet, as a queue does, it becomes a message without being decoded. Acknowledgements are read in place and sent
 * in batches. Everything else is left to the plain way, from which this differs in nothing but speed.
 *
 * Measured with one publisher: messages of QoS 0 and 64 bytes took 2.4 µs by the plain way and 0.14 µs here for one
 * subscriber, 0.45 µs and 0.03 µs for each of a hundred; of QoS 1 and 256 bytes 6.6 µs and 1.4 µs; of QoS 2
 * 11.4 µs and 1.5 µs; to a STOMP subscriber 7.5 µs and 1.6 µs.
 */
export class Forwarder {
  readonly #ports: ForwarderPorts;
  readonly #hasProperties: boolean;
  readonly #head = new PublishHead();
  #messages: PlainMessages | undefined;
  /** The packets from `start` on, `count` of them, that wait for the first one with other receivers. */
  #receivers: Receivers | undefined;
  #qos: Qos = 0;
  #start = 0;
  #count = 0;
  /** Flows to this client that its PUBACKs and PUBCOMPs have ended. */
  #ended = 0;
  /** Messages of queues are being acknowledged, one after the other. */
  #isSettling = false;
  #nowMs = 0;
  #isClosed = false;

  constructor(ports: ForwarderPorts) {
    this.#ports = ports;
    this.#hasProperties = ports.sender.version === 5;
  }

  /**
   * Takes all ordinary packets, up to the first that is not. True when there was one.
   *
   * @param nowMs milliseconds since 1970
   * @throws BrokerError when the connection must be closed for one of them
   */
  run(splitter: PacketSplitter, nowMs: number): boolean {
    const bytes = splitter.chunk;
    const first = splitter.at;
    let at = first;
    this.#start = at;
    this.#nowMs = nowMs;
    for (let next = this.#next(bytes, at); next > at; next = this.#next(bytes, at)) at = next;
    if (at === first) return false;
    this.#flush(bytes, at);
    this.#release();
    this.#messages?.release();
    splitter.advance(at);
    return true;
  }

  /** The connection has ended: what is left of its chunk is of no interest. */
  close(): void {
    this.#isClosed = true;
  }

  /** Takes the packet at `at` and returns where the next one begins; 0 when it is for the plain way. */
  #next(bytes: Buffer, at: number): number {
    const first = (this.#isClosed ? undefined : bytes[at]) ?? 0;
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

  /** Adds the packet to those that wait, after sending them when it has other receivers; or makes a message of it. */
  #take(bytes: Buffer, at: number, qos: Qos): boolean {
    const head = this.#head;
    if (!head.read(bytes, at) || !this.#isOrdinary(bytes, at, qos)) return false;
    const known = this.#topicOf(bytes, head);
    if (known === undefined) return false;
    const receivers = this.#ports.topics.receiversOf(known);
    if (receivers === undefined || !this.#canPassOn(bytes, at, qos, receivers)) {
      this.#publish(bytes, at, qos, known);
      return true;
    }
    if (receivers !== this.#receivers || qos !== this.#qos) {
      this.#flush(bytes, at);
      this.#receivers = receivers;
      this.#qos = qos;
    }
    this.#count++;
    if (qos > 0) this.#ports.sender.answer(qos === 1 ? puback : pubrec, uint16At(bytes, head.topicEnd));
    return true;
  }

  /**
   * Somebody gets the message in another form, or keeps it, or its publisher has to wait for the answer: it is still
   * ordinary, and taken from where it lies.
   */
  #publish(bytes: Buffer, at: number, qos: Qos, { topic }: KnownTopic): void {
    const { traffic, incoming, publishing, client, sender } = this.#ports;
    const { topicEnd, propertiesAt, end } = this.#head;
    this.#flush(bytes, at);
    // What has waited for the window goes before this one.
    this.#release();
    this.#start = end;
    traffic.packetsReceived++;
    publishing(1);
    const bodyAt = this.#hasProperties ? propertiesAt + 1 : propertiesAt;
    this.#messages ??= new PlainMessages(client.publisher, sender.version);
    const message = this.#messages.make(topic, qos, bytes, bodyAt, end, this.#nowMs);
    incoming.take(message, qos, qos === 0 ? 0 : uint16At(bytes, topicEnd));
  }

  /** Not too large, with an identifier where it needs one, and no properties where there could be some. */
  #isOrdinary(bytes: Buffer, at: number, qos: Qos): boolean {
    const { topicEnd, propertiesAt, end } = this.#head;
    if (end - at > this.#ports.maxPacketBytes || (qos > 0 && uint16At(bytes, topicEnd) === 0)) return false;
    return !this.#hasProperties || (propertiesAt < end && bytes[propertiesAt] === 0);
  }

  /**
   * Whether its receivers get the packet, and its publisher an answer at once: that of QoS 2 has been received then. Who
   * publishes what nobody gets is told so.
   */
  #canPassOn(bytes: Buffer, at: number, qos: Qos, { groups, maxPacketBytes }: Receivers): boolean {
    const { incoming } = this.#ports;
    const { topicEnd, end } = this.#head;
    if (end - at + layoutGrowth > maxPacketBytes) return false;
    if (qos === 0) return true;
    if (groups.length === 0) return false;
    return qos === 1 ? incoming.acknowledgesAtOnce : incoming.receiveLive(uint16At(bytes, topicEnd));
  }

  /** The topic, when the client may publish to it. */
  #topicOf(bytes: Buffer, { topicStart, topicEnd }: PublishHead): KnownTopic | undefined {
    const { topics, client } = this.#ports;
    const known = topics.find(bytes, topicStart, topicEnd);
    if (known === undefined) return undefined;
    if (known.allowed !== client.identity) {
      if (!client.allows("publish", "topic", known.topic.path)) return undefined;
      known.allowed = client.identity;
    }
    return known;
  }

  /** An ordinary acknowledgement that was expected. */
  #isAcknowledged(bytes: Buffer, at: number, first: number): boolean {
    if (bytes.length - at < acknowledgementBytes || bytes[at + 1] !== acknowledgementBytes - 2) return false;
    this.#flush(bytes, at);
    if (!this.#acknowledge(first, uint16At(bytes, at + 2))) return false;
    this.#start = at + acknowledgementBytes;
    this.#ports.traffic.packetsReceived++;
    return true;
  }

  #acknowledge(first: number, packetId: number): boolean {
    const { incoming, outgoing, sender } = this.#ports;
    switch (first) {
      case puback:
        return this.#end(outgoing.flows.live.acknowledge(packetId)) || this.#settle(packetId);
      case pubcomp:
        return this.#end(outgoing.flows.live.complete(packetId));
      case pubrec:
        if (!incoming.answersAtOnce || !outgoing.flows.live.receive(packetId)) return false;
        sender.answer(pubrel, packetId);
        return true;
      default:
        if (!incoming.answersAtOnce || !incoming.releaseLive(packetId)) return false;
        sender.answer(pubcomp, packetId);
        return true;
    }
  }

  /** What queues send for it waits until all that was acknowledged together is settled. */
  #settle(packetId: number): boolean {
    const { flows } = this.#ports.outgoing;
    if (!this.#isSettling) flows.hold();
    this.#isSettling = true;
    return flows.acknowledge(packetId);
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
    const packets = end - start === bytes.length ? bytes : bytes.subarray(start, end);
    this.#send(new PublishRun(packets, layout, count), receivers);
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

  #release(): void {
    const ended = this.#ended;
    this.#ended = 0;
    const { flows } = this.#ports.outgoing;
    if (ended > 0) flows.endedLive(ended);
    if (!this.#isSettling) return;
    this.#isSettling = false;
    flows.letGo();
  }
}
