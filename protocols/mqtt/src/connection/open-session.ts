import {
  BrokerError,
  type Client,
  type Session,
  type SessionHolder,
  type Transport,
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
import type { MqttContext } from "./context.ts";
import { Incoming } from "./incoming.ts";
import { expiryInSeconds } from "./opening.ts";
import { Outgoing } from "./outgoing.ts";
import type { PacketSender } from "./packet-sender.ts";
import { PublishEncoder } from "./publish-encoder.ts";
import type { ReadGate } from "./read-gate.ts";
import type { SessionState } from "./session-state.ts";
import { Subscriptions } from "./subscriptions.ts";
import { OutgoingAliases } from "./topic-aliases.ts";

export interface OpenSessionPorts {
  readonly context: MqttContext;
  readonly client: Client;
  readonly session: Session;
  readonly connect: Connect;
  readonly clientId: string;
  readonly transport: Transport;
  readonly sender: PacketSender;
  readonly gate: ReadGate;
  /** Reading may go on. */
  readonly goOn: () => void;
  /** The client has published that many messages. */
  readonly publishing: (count: number) => void;
  /** Ends the connection because of the error. */
  readonly fail: (error: BrokerError) => void;
}

/** What an open session does for its client; an AUTH is the connection's own matter. */
export type Request = Exclude<ClientPacket, Auth>;

/** How a connection ends that the client has ended itself. */
export interface Goodbye {
  readonly sendsWill: boolean;
}

/** A connection whose CONNECT was accepted, with the session that it holds. */
export class OpenSession {
  readonly #ports: OpenSessionPorts;
  readonly #state: SessionState;
  readonly #incoming: Incoming;
  readonly #outgoing: Outgoing;
  readonly #subscriptions: Subscriptions;
  readonly #forwarder: Forwarder | undefined;

  constructor(ports: OpenSessionPorts) {
    const { context, client, session, connect, clientId, transport, sender, gate } = ports;
    const { options, broker } = context;
    const { vhost } = client;
    this.#ports = ports;
    this.#state = context.stateOf(session, vhost);
    const { receiveMaximum = 65_535, topicAliasMaximum = 0 } = connect.properties;
    const window = new Window(Math.min(receiveMaximum, options.maxInflight));
    const encloses = context.encloses(connect.version);
    this.#incoming = new Incoming({
      opensEnvelopes: encloses,
      client,
      session,
      sender,
      gate,
      options,
      mounts: context.mounts,
      maxMessageBytes: broker.limits.maxMessageBytes,
      sendRelease: (packetId) => this.#outgoing.sendRelease(packetId),
      sendPublish: (packetId) => this.#outgoing.sendPublish(packetId),
      goOn: ports.goOn,
      fail: ports.fail,
    });
    const encoder = new PublishEncoder({
      version: connect.version,
      maxPacketBytes: sender.maxPacketBytes,
      encloses,
      aliases: new OutgoingAliases(Math.min(topicAliasMaximum, options.maxOutgoingAliases)),
      encodings: context.encodings,
      mounts: context.mounts,
      last: context.last,
      vhost,
      owner: session,
      drops: broker.drops,
    });
    this.#outgoing = new Outgoing({
      transport,
      sender,
      encoder,
      state: this.#state,
      window,
      vhost,
      options,
      releaseSafely: (packetId, isStored) => this.#incoming.releaseSafely(packetId, isStored),
      publishSafely: (packetId) => this.#incoming.publishSafely(packetId),
    });
    this.#forwarder =
      options.forwards && !encloses
        ? new Forwarder({
            client,
            topics: context.topicsOf(vhost),
            incoming: this.#incoming,
            outgoing: this.#outgoing,
            sender,
            traffic: context.traffic,
            maxPacketBytes: Math.min(context.maxPacketBytes, broker.limits.maxMessageBytes),
            publishing: ports.publishing,
          })
        : undefined;
    this.#subscriptions = new Subscriptions({
      client,
      clientId,
      state: this.#state,
      outgoing: this.#outgoing,
      window,
      sender,
      options,
      mounts: context.mounts,
      groups: context.groupsOf(vhost),
      queueDeleted: () => ports.fail(new BrokerError("administrative", "a queue of this client was deleted")),
    });
  }

  /** Takes what is ordinary from where it lies. True when there was something. */
  forward(splitter: PacketSplitter, nowMs: number): boolean {
    return this.#forwarder !== undefined && this.#forwarder.run(splitter, nowMs);
  }

  get session(): Session {
    return this.#ports.session;
  }

  /** Takes up what an earlier connection left [MQTT-4.4.0-1], then everything else. */
  resume(): void {
    this.#outgoing.resume(() => this.#subscriptions.resume());
  }

  /**
   * Does what a packet asks for.
   *
   * @returns a promise when later packets have to wait for it, a goodbye when there are none
   * @throws BrokerError when the connection must be closed for it
   */
  handle(request: Request, nowMs: number): Promise<void> | Goodbye | undefined {
    switch (request.type) {
      case "connect":
        throw new BrokerError("protocol-violation", "a second CONNECT [MQTT-3.1.0-2]");
      case "publish":
        this.#incoming.publish(request, nowMs);
        return undefined;
      case "subscribe":
        return this.#subscriptions.subscribe(request);
      case "unsubscribe":
        return this.#subscriptions.unsubscribe(request);
      case "pingreq":
        // [MQTT-3.12.4-1]
        this.#ports.sender.sendBytes(pingrespBytes);
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
    this.#outgoing.drained();
  }

  /** The connection has ended, but its session may go on: whatever was not completed stays with it. */
  close(): void {
    const { session, client, context } = this.#ports;
    this.#forwarder?.close();
    this.#subscriptions.close();
    this.#outgoing.close(session.isKept);
    if (session.isKept) session.record = this.#state.encode(true);
    context.release(session);
    client.close();
  }

  /** Gives the session back to the broker. */
  leave(holder: SessionHolder, sendsWill: boolean): void {
    const { session, client } = this.#ports;
    client.vhost.sessions.leave(session, holder, sendsWill);
  }

  #acknowledge(packet: Acknowledgement): void {
    switch (packet.type) {
      case "puback":
        return this.#outgoing.puback(packet);
      case "pubrec":
        return this.#outgoing.pubrec(packet);
      case "pubrel":
        return this.#incoming.pubrel(packet);
      case "pubcomp":
        return this.#outgoing.pubcomp(packet);
    }
  }

  /** §3.14: the will is taken back by a normal goodbye only [MQTT-3.14.4-3], MQTT 3.1.1 [MQTT-3.14.4-2]. */
  #disconnect({ reason, properties }: Disconnect): Goodbye {
    const { session, context } = this.#ports;
    const { sessionExpiryInterval } = properties;
    if (sessionExpiryInterval !== undefined) {
      if (!session.isKept && sessionExpiryInterval > 0) {
        throw new BrokerError(
          "protocol-violation",
          "a session that was not to be kept cannot be, §3.14.2.2.2",
        );
      }
      const seconds = Math.min(expiryInSeconds(sessionExpiryInterval), context.options.maxSessionExpiry);
      session.expiryMs = seconds * 1_000;
    }
    return { sendsWill: reason !== reasonCode.success };
  }
}
