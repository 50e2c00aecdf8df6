import {
  type Delivery,
  Deque,
  type Message,
  type RetainedFeed,
  RetainedFeeds,
  type Subscriber,
  type Subscription,
  wantedBy,
} from "@dragoman/core";
import type { ProtocolVersion } from "../codec/protocol-version.ts";
import { effectiveQos } from "../translation/granted.ts";
import { PacketRun } from "../forward/packet-run.ts";
import { OutgoingFlows } from "./outgoing-flows.ts";
import { highWaterBytes, type OutgoingPorts, pauseWhenFull } from "./outgoing-ports.ts";
import type { Transit } from "./transit.ts";
import { WaitingLine, type WaitingMessage } from "./waiting-line.ts";

let outgoingCount = 0;

/**
 * What goes to one client, and when: messages from queues, from live subscriptions and from the retained store, within
 * one window and in their order.
 */
export class Outgoing implements Subscriber {
  /** Different for each. */
  readonly serial: number = ++outgoingCount;
  readonly flows: OutgoingFlows;
  readonly #ports: OutgoingPorts;
  /** Flows of an earlier connection that are still to be taken up again, in their order [MQTT-4.4.0-1]. */
  readonly #backlog: Deque<Transit> = new Deque();
  readonly #waiting = new WaitingLine();
  /** While there are any. */
  #feeds: RetainedFeeds | undefined;
  /** Messages of QoS 0 too have to wait, behind retained ones or others that do. */
  #holdsBack = false;
  #isHeld = false;
  #isClosed = false;
  #whenResumed: (() => void) | undefined;

  constructor(ports: OutgoingPorts) {
    this.#ports = ports;
    this.flows = new OutgoingFlows(ports);
  }

  /** Takes up the flows that an earlier connection left; nothing else is sent before, and then `done` is called. */
  resume(done: () => void): void {
    const { state } = this.#ports;
    for (const transit of state.transits.inOrder()) this.#backlog.push(transit);
    if (state.feeds.length > 0) this.#beginFeeds();
    this.#whenResumed = done;
    this.windowOpened();
  }

  /** A message of a live subscription. */
  deliver(message: Message, subscriptions: readonly Subscription[]): void {
    const { window, transport, options, vhost } = this.#ports;
    const wanted = wantedBy(subscriptions, message.publisher.clientId);
    if (wanted.length === 0) return;
    const qos = effectiveQos(message, wanted);
    if (qos === 0 && !this.#holdsBack) {
      if (transport.bufferedBytes > options.maxBufferedBytes) vhost.drops.count("slow-subscriber");
      else this.#sendOnce(message, wanted);
    } else if (qos > 0 && window.isOpen && this.#isIdle()) {
      window.take();
      this.flows.begin(message, qos === 1 ? 1 : 2, wanted, undefined);
    } else {
      this.#wait({ message, subscriptions: wanted });
    }
  }

  /** The connection has ended; its session may be another's by now. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  get version(): ProtocolVersion {
    return this.#ports.sender.version;
  }

  /** The client's Maximum Packet Size, in bytes. */
  get maxPacketBytes(): number {
    return this.#ports.sender.maxPacketBytes;
  }

  /** Whether ordinary messages that these subscriptions select go out as the packets they came in. */
  takesPackets(subscriptions: readonly Subscription[]): boolean {
    if (this.#ports.publishes.isOwn) return false;
    return subscriptions.every(
      ({ id, noLocalFor, isRetainedCopy }) =>
        id === undefined && noLocalFor === undefined && isRetainedCopy !== true,
    );
  }

  /** As `deliver` for messages of QoS 0, `count` of them, that are packets as this client reads them. */
  pass(packets: Buffer, count: number): void {
    const { transport, options, vhost, sender } = this.#ports;
    if (this.#holdsBack) {
      this.#wait(new PacketRun(Buffer.from(packets), 0, count));
      return;
    }
    if (transport.bufferedBytes > options.maxBufferedBytes) {
      vhost.drops.count("slow-subscriber", count);
      return;
    }
    sender.sendPublishes(packets, count);
    pauseWhenFull(this.#ports);
  }

  /** As `deliver` for messages of QoS 1 or 2 that are packets as this client reads them. */
  passOn(run: PacketRun): void {
    if (this.#isIdle()) this.#sendRun(run);
    if (run.count > 0) this.#wait(run);
  }

  /** A message of a queue, in which it stays until the client has it. */
  take(delivery: Delivery, subscriptions: readonly Subscription[]): void {
    const { message } = delivery;
    const qos = effectiveQos(message, subscriptions);
    if (qos > 0) {
      this.flows.begin(message, qos === 1 ? 1 : 2, subscriptions, delivery);
    } else {
      this.#sendOnce(message, subscriptions);
      delivery.settle("accepted");
    }
  }

  /** Retained messages for a new subscription, as fast as the client takes them; what comes later goes later [MQTT-3.8.4-3]. */
  feed(feed: RetainedFeed): void {
    this.#beginFeeds().push(feed);
    this.windowOpened();
  }

  /** The subscription is over, and what is retained for it is not sent [MQTT-3.10.4-2]. */
  endFeed(filter: string): void {
    if (this.#feeds === undefined) return;
    this.#feeds.end(filter);
    this.windowOpened();
  }

  #beginFeeds(): RetainedFeeds {
    const { state, vhost, queueGate } = this.#ports;
    this.#holdsBack = true;
    queueGate.pause();
    return (this.#feeds ??= new RetainedFeeds(state.feeds, vhost.timers, () => this.windowOpened()));
  }

  /** Queues and new subscriptions send nothing until `go`: the SUBACK comes first. */
  hold(): void {
    this.#isHeld = true;
    this.#ports.window.pause();
  }

  go(): void {
    this.#isHeld = false;
    if (this.#ports.transport.bufferedBytes <= highWaterBytes) this.drained();
  }

  /** The transport takes bytes again. */
  drained(): void {
    if (this.#isHeld) return;
    this.#ports.window.resume();
    this.#advance();
  }

  /** The window has room, or there is something new to send. */
  windowOpened(): void {
    this.#advance();
    if (!this.#isIdle()) this.#awaitWindow();
  }

  /**
   * The connection has ended.
   *
   * @param isKept the session goes on: its flows wait for the next connection
   */
  close(isKept: boolean): void {
    this.#isClosed = true;
    this.#ports.window.forget(this);
    this.#waiting.clear();
    this.#feeds?.close(isKept);
    this.flows.close(isKept);
  }

  #isIdle(): boolean {
    return this.#backlog.length === 0 && this.#waiting.isEmpty && this.#feeds === undefined;
  }

  /** Sends what waits, in its order [MQTT-4.6.0-5], [MQTT-4.6.0-6], as far as the window goes. */
  #advance(): void {
    this.#resumeFlows();
    if (this.#backlog.length > 0) return;
    const done = this.#whenResumed;
    this.#whenResumed = undefined;
    done?.();
    this.#sendRetained();
    if (this.#feeds?.isEmpty === false) return;
    this.#sendWaiting();
    if (this.#waiting.isEmpty) this.#holdsBack = false;
    if (this.#feeds === undefined) return;
    this.#feeds = undefined;
    this.#ports.queueGate.resume();
  }

  #sendWaiting(): void {
    for (let next = this.#waiting.first(); next !== undefined; next = this.#waiting.first()) {
      if (!this.#hasRoomFor(next)) return;
      if (next instanceof PacketRun) {
        const run = next;
        this.#waiting.takeFrom(run, () => this.#sendRun(run));
      } else {
        this.#waiting.shift();
        this.#sendWaitingMessage(next);
      }
    }
  }

  #hasRoomFor(next: WaitingMessage | PacketRun): boolean {
    const { window, transport } = this.#ports;
    const qos = next instanceof PacketRun ? next.qos : effectiveQos(next.message, next.subscriptions);
    return qos === 0 ? !this.#isHeld && transport.bufferedBytes <= highWaterBytes : window.isOpen;
  }

  #sendWaitingMessage({ message, subscriptions }: WaitingMessage): void {
    const { window, vhost } = this.#ports;
    if (message.isExpired(vhost.timers.now())) {
      // [MQTT-3.3.2-5]
      vhost.drops.count("expired");
      return;
    }
    const qos = effectiveQos(message, subscriptions);
    if (qos === 0) {
      this.#sendOnce(message, subscriptions);
      return;
    }
    window.take();
    this.flows.begin(message, qos, subscriptions, undefined);
  }

  /** As many packets as the window has room for. */
  #sendRun(run: PacketRun): void {
    const { window, sender, state } = this.#ports;
    const { qos } = run;
    let count = 0;
    if (qos === 0) count = run.count;
    else for (; count < run.count && window.isOpen; count++) window.take();
    if (count === 0) return;
    const packets = run.take(count, qos === 0 ? undefined : () => state.claimLiveId(qos));
    sender.sendPublishes(packets, count);
    pauseWhenFull(this.#ports);
  }

  // In the order of the first sending [MQTT-4.6.0-1].
  #resumeFlows(): void {
    const { state, window } = this.#ports;
    for (let next = this.#backlog.first(); next !== undefined; next = this.#backlog.first()) {
      const isCurrent = state.transits.get(next.packetId) === next;
      // A PUBREL needs no place in the window [MQTT-3.3.4-10].
      if (isCurrent && next.phase === "published" && !window.isOpen) return;
      this.#backlog.shift();
      if (isCurrent) this.flows.resume(next);
    }
  }

  #sendRetained(): void {
    const { window } = this.#ports;
    while (window.isOpen) {
      const next = this.#feeds?.next();
      if (next === undefined) return;
      const { message, subscriptions } = next;
      const qos = effectiveQos(message, subscriptions);
      if (qos === 0) {
        this.#sendOnce(message, subscriptions);
      } else {
        window.take();
        this.flows.begin(message, qos, subscriptions, undefined);
      }
    }
  }

  #wait(next: WaitingMessage | PacketRun): void {
    const { options, vhost } = this.#ports;
    this.#waiting.push(next);
    const dropped = this.#waiting.dropOverflow(options);
    if (dropped > 0) vhost.drops.count("overflow", dropped);
    this.#awaitWindow();
  }

  /** What waits while the window is open waits for another turn of the loop. */
  #awaitWindow(): void {
    const { window } = this.#ports;
    if (!window.isOpen) window.await(this);
  }

  /** At most once: DUP is never set [MQTT-3.3.1-2], [MQTT-4.3.1-1]. */
  #sendOnce(message: Message, subscriptions: readonly Subscription[]): void {
    const { publishes, vhost } = this.#ports;
    const sending = { qos: 0, packetId: 0, dup: false, subscriptions } as const;
    if (publishes.send(message, sending, vhost.timers.now())) pauseWhenFull(this.#ports);
  }
}
