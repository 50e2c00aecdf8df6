import type { Broker, Connection, Protocol } from "@dragoman/core";
import { MemoryTransport } from "@dragoman/core/testing";
import type { Connack } from "../codec/connack.ts";
import type { Connect } from "../codec/connect.ts";
import { decodePacket, encodePacket, type Packet } from "../codec/packet.ts";
import { PacketSplitter } from "../codec/packet-splitter.ts";
import { encodeProperties } from "../codec/properties.ts";
import type { Properties } from "../codec/property.ts";
import type { ProtocolVersion } from "../codec/protocol-version.ts";
import type { Publish } from "../codec/publish.ts";
import type { Qos } from "../codec/qos.ts";
import type { SubscriptionRequest } from "../codec/subscribe.ts";

/** A message of this size may stay in the chunk that it came in. */
const keptBytes = 16_384;

/** The broker under test, and the protocol by which it is spoken to. */
export interface TestServer {
  readonly broker: Broker;
  readonly protocol: Protocol;
}

/** An MQTT client without a network: it sends what it is told and shows what it got. */
export class TestClient {
  readonly transport: MemoryTransport = new MemoryTransport();
  readonly connection: Connection;
  readonly version: ProtocolVersion;
  readonly #splitter = new PacketSplitter(268_435_460);

  constructor({ broker, protocol }: TestServer, version: ProtocolVersion = 5) {
    this.connection = protocol.accept(this.transport, broker);
    this.version = version;
  }

  /** Connects and returns the CONNACK; undefined when none came. */
  async connect(options: Partial<Connect> = {}): Promise<Connack | undefined> {
    const connect: Connect = {
      type: "connect",
      version: this.version,
      cleanStart: true,
      keepAlive: 60,
      properties: {},
      clientId: "client",
      will: undefined,
      userName: undefined,
      password: undefined,
      ...options,
    };
    // What follows the CONNACK at once is left for `take`.
    this.send(connect);
    await settle();
    const [first] = this.take(1);
    return first?.type === "connack" ? first : undefined;
  }

  send(packet: Packet): void {
    this.sendBytes(encodePacket(packet, this.version));
  }

  sendBytes(bytes: Uint8Array): void {
    // Spoiled afterwards: of so small a chunk nothing may have kept a view.
    const chunk = Buffer.from(bytes);
    this.connection.receive(chunk);
    if (chunk.length < keptBytes) chunk.fill(0xff);
  }

  sendHex(wire: string): void {
    this.sendBytes(Buffer.from(wire.replaceAll(" ", ""), "hex"));
  }

  publish(
    topic: string,
    payload: string,
    more: Partial<Omit<Publish, "properties">> & { readonly properties?: Properties } = {},
  ): void {
    const { properties = {}, ...fields } = more;
    this.send({
      type: "publish",
      dup: false,
      qos: 0,
      retain: false,
      topic,
      packetId: 0,
      payload: Buffer.from(payload),
      ...fields,
      properties: encodeProperties(properties),
    });
  }

  /** Subscribes and returns everything that came: the SUBACK first. */
  async subscribe(
    filter: string,
    qos: Qos = 0,
    more: Partial<SubscriptionRequest> & { readonly id?: number } = {},
  ): Promise<Packet[]> {
    const { id, ...options } = more;
    this.send({
      type: "subscribe",
      packetId: 1,
      properties: id === undefined ? {} : { subscriptionIdentifiers: [id] },
      subscriptions: [
        { filter, qos, noLocal: false, retainAsPublished: false, retainHandling: "always", ...options },
      ],
    });
    await settle();
    return this.take();
  }

  /** What has come since the last call, at most `limit` packets. */
  take(limit: number = Number.POSITIVE_INFINITY): Packet[] {
    return this.read(this.transport.take(), limit);
  }

  /** The packets in bytes that were taken from the transport. */
  read(bytes: Uint8Array, limit: number = Number.POSITIVE_INFINITY): Packet[] {
    this.#splitter.push(bytes);
    const packets: Packet[] = [];
    while (packets.length < limit && this.#splitter.next())
      packets.push(decodePacket(this.#splitter, this.version));
    return packets;
  }

  /** The next message that has come; undefined when none has. */
  takeMessage(): Publish | undefined {
    return this.take().find((packet) => packet.type === "publish");
  }

  takeMessages(): Publish[] {
    return this.take().filter((packet) => packet.type === "publish");
  }

  /** Payloads of the messages that have come. */
  takePayloads(): string[] {
    return this.takeMessages().map(({ payload }) => Buffer.from(payload).toString());
  }

  /** The network fails. */
  drop(): void {
    this.transport.destroy();
    this.connection.closed();
  }

  /** The server has ended the connection. */
  get isEnded(): boolean {
    return this.transport.state !== "open";
  }
}

/** Lets everything that only waits for a promise happen. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await Promise.resolve();
}
