import { type Broker, ByteWriter, type Connection } from "@dragoman/core";
import { MemoryTransport } from "@dragoman/core/testing";
import { FRAME_BODY, FRAME_HEADER, FRAME_HEARTBEAT } from "../codec/constants.generated.ts";
import { decodeContentHeader, writeContent } from "../codec/content.ts";
import { FrameSplitter } from "../codec/frame-splitter.ts";
import { decodeMethod, writeMethod } from "../codec/method.ts";
import type { ConnectionStartOk, ConnectionTuneOk } from "../codec/methods/connection.generated.ts";
import type { ClientMethod } from "../codec/methods/methods.generated.ts";
import { type BasicProperties, encodeProperties } from "../codec/properties.ts";
import { PropertyList } from "../codec/property-list.ts";
import { PROTOCOL_HEADER } from "../codec/protocol-header.ts";
import type { AmqpOptions } from "../options.ts";
import { amqpProtocol } from "../protocol.ts";

/** What came on a channel: a method, with its content if it has one. */
export interface Received {
  readonly channel: number;
  readonly method: { readonly name: string };
  readonly properties?: PropertyList;
  readonly body?: string;
}

export interface TestClientOptions {
  readonly startOk?: Partial<ConnectionStartOk>;
  readonly tuneOk?: Partial<ConnectionTuneOk>;
  readonly virtualHost?: string;
  readonly server?: Partial<AmqpOptions>;
}

/** The client's side of a connection over a transport in memory: says what a test wants, notes what comes. */
export class TestClient {
  readonly transport: MemoryTransport = new MemoryTransport();
  readonly connection: Connection;
  heartbeats = 0;
  readonly #incoming = new FrameSplitter(0);
  readonly #received: Received[] = [];

  constructor(broker: Broker, server: Partial<AmqpOptions> = {}) {
    this.connection = amqpProtocol(server).accept(this.transport, broker);
  }

  /** A client whose connection and channel 1 are open. */
  static async open(broker: Broker, options: TestClientOptions = {}): Promise<TestClient> {
    const client = new TestClient(broker, options.server);
    await client.negotiate(options);
    client.send(1, { name: "channel.open" });
    await client.take();
    return client;
  }

  /** From the protocol header to connection.open; what is answered can be taken. */
  async negotiate(options: TestClientOptions = {}): Promise<void> {
    this.bytes(PROTOCOL_HEADER);
    this.send(0, {
      name: "connection.start-ok",
      clientProperties: [],
      mechanism: "PLAIN",
      response: Buffer.from("\0guest\0guest"),
      locale: "en_US",
      ...options.startOk,
    });
    await this.settle();
    this.send(0, { name: "connection.tune-ok", channelMax: 0, frameMax: 0, heartbeat: 0, ...options.tuneOk });
    this.send(0, { name: "connection.open", virtualHost: options.virtualHost ?? "/" });
    await this.settle();
  }

  bytes(bytes: Uint8Array): void {
    // A connection may use the chunk during the call only.
    const chunk = Uint8Array.from(bytes);
    this.connection.receive(chunk);
    chunk.fill(0xff);
  }

  send(channel: number, method: ClientMethod): void {
    const writer = new ByteWriter();
    writeMethod(writer, channel, method);
    this.bytes(writer.finish());
  }

  publish(
    to: { readonly exchange?: string; readonly routingKey: string; readonly mandatory?: boolean },
    body = "",
    properties: BasicProperties = {},
    channel = 1,
  ): void {
    const writer = new ByteWriter();
    const address = { exchange: "", mandatory: false, immediate: false, ...to };
    writeMethod(writer, channel, { name: "basic.publish", ...address });
    writeContent(writer, channel, encodeProperties(properties), Buffer.from(body), 4096);
    this.bytes(writer.finish());
  }

  /** Lets everything happen that does not wait for time to pass. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
  }

  /** Everything that came since the last call. */
  async take(): Promise<Received[]> {
    await this.settle();
    this.#incoming.push(this.transport.take());
    while (this.#incoming.next()) this.#note();
    return this.#received.splice(0);
  }

  /** The methods that came since the last call. */
  async methods(): Promise<Received["method"][]> {
    return (await this.take()).map(({ method }) => method);
  }

  /** Sends a method on channel 1 and takes what is answered. */
  async ask(method: ClientMethod): Promise<Received["method"][]> {
    this.send(1, method);
    return this.methods();
  }

  #note(): void {
    const { type, channel, payload } = this.#incoming;
    if (type === FRAME_HEARTBEAT) {
      this.heartbeats++;
    } else if (type === FRAME_HEADER) {
      const { propertiesAt } = decodeContentHeader(payload, 0, payload.length);
      const properties = new PropertyList(Buffer.from(payload.subarray(propertiesAt)));
      this.#replaceLast({ properties, body: "" });
    } else if (type === FRAME_BODY) {
      this.#replaceLast({ body: (this.#received.at(-1)?.body ?? "") + payload.toString("utf8") });
    } else {
      this.#received.push({ channel, method: decodeMethod(payload) });
    }
  }

  #replaceLast(more: Partial<Received>): void {
    const last = this.#received.pop();
    if (last !== undefined) this.#received.push({ ...last, ...more });
  }
}

/** Declarations of the shortest kind. */
export function queueDeclare(
  queue: string,
  more: Partial<Extract<ClientMethod, { name: "queue.declare" }>> = {},
): ClientMethod {
  const flags = { passive: false, durable: false, exclusive: false, autoDelete: false, noWait: false };
  return { name: "queue.declare", queue, ...flags, arguments: [], ...more };
}

export function exchangeDeclare(
  exchange: string,
  type: string,
  more: Partial<Extract<ClientMethod, { name: "exchange.declare" }>> = {},
): ClientMethod {
  const flags = { passive: false, durable: false, autoDelete: false, internal: false, noWait: false };
  return { name: "exchange.declare", exchange, type, ...flags, arguments: [], ...more };
}

export function queueBind(
  queue: string,
  exchange: string,
  routingKey: string,
  more: Partial<Extract<ClientMethod, { name: "queue.bind" }>> = {},
): ClientMethod {
  return { name: "queue.bind", queue, exchange, routingKey, noWait: false, arguments: [], ...more };
}

export function consume(
  queue: string,
  more: Partial<Extract<ClientMethod, { name: "basic.consume" }>> = {},
): ClientMethod {
  const flags = { noLocal: false, noAck: false, exclusive: false, noWait: false };
  return { name: "basic.consume", queue, consumerTag: "c", ...flags, arguments: [], ...more };
}
