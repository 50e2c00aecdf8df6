import {
  BrokerError,
  type Client,
  type Session,
  type SessionHolder,
  type Transport,
  type VirtualHost,
  Window,
} from "@dragoman/core";
import type { Acknowledgement } from "../codec/acknowledgement.ts";
import type { Auth } from "../codec/auth.ts";
import type { Connect } from "../codec/connect.ts";
import type { Disconnect } from "../codec/disconnect.ts";
import type { ClientPacket } from "../codec/packet.ts";
import { reasonCode } from "../codec/reason-code.ts";
import type { PacketSplitter } from "../codec/packet-splitter.ts";
import { pingrespBytes } from "../codec/ping.ts";
import { Forwarder } from "../forward/forwarder.ts";
import type { Mounts } from "../translation/mounts.ts";
import type { MqttContext } from "./context.ts";
import { Incoming } from "./incoming.ts";
import { expiryInSeconds } from "./opening.ts";
import type { MqttOptions } from "./options.ts";
import { Outgoing } from "./outgoing.ts";
import type { OutgoingPorts } from "./outgoing-ports.ts";
import type { PacketSender } from "./packet-sender.ts";
import { PublishEncoder } from "./publish-encoder.ts";
import { PublishSender } from "./publish-sender.ts";
import type { ReadGate } from "./read-gate.ts";
import type { SessionState } from "./session-state.ts";
import type { ShareGroups } from "./share-groups.ts";
import { Subscriptions, type SubscriptionsPorts } from "./subscriptions.ts";
import { OutgoingAliases } from "./topic-aliases.ts";

/** What a connection has agreed on with its client. */
export interface OpenSessionTerms {
  readonly context: MqttContext;
  readonly client: Client;
  readonly session: Session;
  readonly connect: Connect;
  readonly clientId: string;
  readonly transport: Transport;
  readonly sender: PacketSender;
  readonly gate: ReadGate;
}

/** The connection that a session is open on. */
export interface SessionOwner {
  /** Reading was held back by the storage, and may go on. */
  goOn(): void;
  /** The client has published that many messages. */
  publishing(count: number): void;
  /** Ends the connection because of the error. */
  fail(error: BrokerError): void;
}

/** What an open session does for its client; an AUTH is the connection's own matter. */
export type Request = Exclude<ClientPacket, Auth>;

/** How a connection ends that the client has ended itself. */
export interface Goodbye {
  readonly sendsWill: boolean;
}

/**
 * A connection whose CONNECT was accepted, with the session that it holds. Most connections are idle, and most clients
 * only publish or only subscribe: what a client has not needed yet is not there, and the parts share this object as
 * what each of them needs of the others.
 */
export class OpenSession implements OutgoingPorts, SubscriptionsPorts {
  readonly client: Client;
  readonly session: Session;
  readonly clientId: string;
  readonly transport: Transport;
  readonly sender: PacketSender;
  readonly state: SessionState;
  readonly window: Window;
  readonly outgoing: Outgoing;
  readonly #owner: SessionOwner;
  readonly #context: MqttContext;
  readonly #gate: ReadGate;
  readonly #subscriptions: Subscriptions;
  /** The client's Topic Alias Maximum [MQTT-3.1.2-26]. */
  readonly #topicAliasMaximum: number;
  #queueGate: Window | undefined;
  #incoming: Incoming | undefined;
  #publishes: PublishSender | undefined;
  #forwarder: Forwarder | undefined;

  constructor(terms: OpenSessionTerms, owner: SessionOwner) {
    const { context, client, session, connect } = terms;
    const { receiveMaximum = 65_535, topicAliasMaximum = 0 } = connect.properties;
    this.client = client;
    this.session = session;
    this.clientId = terms.clientId;
    this.transport = terms.transport;
    this.sender = terms.sender;
    this.state = context.stateOf(session, client.vhost);
    this.window = new Window(Math.min(receiveMaximum, context.options.maxInflight));
    this.#owner = owner;
    this.#context = context;
    this.#gate = terms.gate;
    this.#topicAliasMaximum = topicAliasMaximum;
    this.outgoing = new Outgoing(this);
    this.#subscriptions = new Subscriptions(this);
  }

  get options(): MqttOptions {
    return this.#context.options;
  }

  get vhost(): VirtualHost {
    return this.client.vhost;
  }

  get mounts(): Mounts {
    return this.#context.mounts;
  }

  get groups(): ShareGroups {
    return this.#context.groupsOf(this.vhost);
  }

  get queueGate(): Window {
    return (this.#queueGate ??= new Window(Number.POSITIVE_INFINITY, this.window));
  }

  get publishes(): PublishSender {
    return (this.#publishes ??= new PublishSender(this.#makeEncoder(), this.sender));
  }

  releaseSafely(packetId: number, isStored: boolean): void {
    this.#in.releaseSafely(packetId, isStored);
  }

  publishSafely(packetId: number): void {
    this.#in.publishSafely(packetId);
  }

  queueDeleted(): void {
    this.#owner.fail(new BrokerError("administrative", "a queue of this client was deleted"));
  }

  /** Takes what is ordinary from where it lies. True when there was something. */
  forward(splitter: PacketSplitter, nowMs: number): boolean {
    if (this.#forwarder === undefined) {
      if (!this.options.forwards || this.#encloses || !isOfFlow(splitter.chunk[splitter.at])) return false;
      this.#forwarder = this.#makeForwarder();
    }
    return this.#forwarder.run(splitter, nowMs);
  }

  /** Takes up what an earlier connection left [MQTT-4.4.0-1], then everything else. */
  resume(): void {
    this.outgoing.resume(() => this.#subscriptions.resume());
  }

  /**
   * Does what a packet asks for, whatever the windows of both sides hold [MQTT-3.3.4-8], [MQTT-4.9.0-3].
   *
   * @returns a promise when later packets have to wait for it, a goodbye when there are none
   * @throws BrokerError when the connection must be closed for it
   */
  handle(request: Request, nowMs: number): Promise<void> | Goodbye | undefined {
    switch (request.type) {
      case "connect":
        throw new BrokerError("protocol-violation", "a second CONNECT [MQTT-3.1.0-2]");
      case "publish":
        this.#in.publish(request, nowMs);
        return undefined;
      case "subscribe":
        return this.#subscriptions.subscribe(request);
      case "unsubscribe":
        return this.#subscriptions.unsubscribe(request);
      case "pingreq":
        // [MQTT-3.12.4-1]
        this.sender.sendBytes(pingrespBytes);
        return undefined;
      case "disconnect":
        return this.#disconnect(request);
      case "puback":
      case "pubrec":
      case "pubrel":
      case "pubcomp":
        break;
    }
    this.#acknowledge(request);
    return undefined;
  }

  drained(): void {
    this.outgoing.drained();
  }

  /** The connection has ended, but its session may go on: whatever was not completed stays with it [MQTT-3.1.2-23]. */
  close(): void {
    const { session, client } = this;
    this.#forwarder?.close();
    this.#subscriptions.close();
    this.outgoing.close(session.isKept);
    if (session.isKept) session.record = this.state.encode(true);
    this.state.left(this.vhost.sessions);
    this.#context.release(session);
    client.close();
  }

  /**
   * Gives the session back to the broker, which publishes its will [MQTT-3.1.2-8] or takes it back [MQTT-3.1.2-10],
   * and discards it when its time has passed [MQTT-4.1.0-2], and not before [MQTT-4.1.0-1]. What was retained is no part
   * of it, MQTT 3.1.1 [MQTT-3.1.2-7].
   */
  leave(holder: SessionHolder, sendsWill: boolean): void {
    const { session, client } = this;
    client.vhost.sessions.leave(session, holder, sendsWill);
  }

  get #encloses(): boolean {
    return this.#context.encloses(this.sender.version);
  }

  get #in(): Incoming {
    return (this.#incoming ??= this.#makeIncoming());
  }

  #makeIncoming(): Incoming {
    const { client, session, sender, options, mounts } = this;
    return new Incoming({
      opensEnvelopes: this.#encloses,
      client,
      session,
      sender,
      options,
      mounts,
      gate: this.#gate,
      maxMessageBytes: this.#context.broker.limits.maxMessageBytes,
      sendRelease: (packetId) => this.outgoing.flows.sendRelease(packetId),
      sendPublish: (packetId) => this.outgoing.flows.sendPublish(packetId),
      goOn: () => this.#owner.goOn(),
      fail: (error) => this.#owner.fail(error),
    });
  }

  #makeEncoder(): PublishEncoder {
    const { sender, options, vhost, session, mounts } = this;
    const { encodings, last, broker } = this.#context;
    return new PublishEncoder({
      version: sender.version,
      maxPacketBytes: sender.maxPacketBytes,
      encloses: this.#encloses,
      aliases: new OutgoingAliases(Math.min(this.#topicAliasMaximum, options.maxOutgoingAliases)),
      encodings,
      mounts,
      last,
      vhost,
      owner: session,
      drops: broker.drops,
    });
  }

  #makeForwarder(): Forwarder {
    const { client, sender, vhost, outgoing } = this;
    const { traffic, broker, maxPacketBytes } = this.#context;
    return new Forwarder({
      client,
      topics: this.#context.topicsOf(vhost),
      incoming: this.#in,
      outgoing,
      sender,
      traffic,
      maxPacketBytes: Math.min(maxPacketBytes, broker.limits.maxMessageBytes),
      publishing: (count) => this.#owner.publishing(count),
    });
  }

  #acknowledge(packet: Acknowledgement): void {
    switch (packet.type) {
      case "puback":
        return this.outgoing.flows.puback(packet);
      case "pubrec":
        return this.outgoing.flows.pubrec(packet);
      case "pubrel":
        return this.#in.pubrel(packet);
      case "pubcomp":
        return this.outgoing.flows.pubcomp(packet);
    }
  }

  /** §3.14: the will is taken back by a normal goodbye only [MQTT-3.14.4-3], MQTT 3.1.1 [MQTT-3.14.4-2]. */
  #disconnect({ reason, properties }: Disconnect): Goodbye {
    const { session, options } = this;
    const { sessionExpiryInterval } = properties;
    if (sessionExpiryInterval !== undefined) {
      if (!session.isKept && sessionExpiryInterval > 0) {
        throw new BrokerError(
          "protocol-violation",
          "a session that was not to be kept cannot be, §3.14.2.2.2",
        );
      }
      const seconds = Math.min(expiryInSeconds(sessionExpiryInterval), options.maxSessionExpiry);
      session.expiryMs = seconds * 1_000;
    }
    return { sendsWill: reason !== reasonCode.success };
  }
}

/** Whether a packet that begins so belongs to the flow of a message: PUBLISH, PUBACK, PUBREC, PUBREL or PUBCOMP. */
function isOfFlow(firstByte = 0): boolean {
  return firstByte >= 0x30 && firstByte < 0x80;
}
