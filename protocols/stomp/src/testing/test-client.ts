import {
  type Broker,
  type Connection,
  CORE_PROPERTIES,
  DEFAULT_EXCHANGE,
  DEFAULT_VIRTUAL_HOST,
  encodeCoreProperties,
  Message,
  type MessageFields,
  type Properties,
  type Publisher,
  TOPIC_SPACE,
  type VirtualHost,
} from "@dragoman/core";
import { type FakeClock, MemoryTransport, openTestBroker } from "@dragoman/core/testing";
import type { Frame, FrameHeaders, Version } from "../codec/frame.ts";
import { headerOf } from "../codec/frame.ts";
import { FrameDecoder } from "../codec/frame-decoder.ts";
import { encodeFrame } from "../codec/frame-encoder.ts";
import { defaultFrameLimits } from "../codec/frame-limits.ts";
import type { StompOptions } from "../options.ts";
import { stompProtocol } from "../protocol.ts";

export type HeaderRecord = Readonly<Record<string, string | number | boolean>>;

/** A broker on a clock that stands still, and clients that talk to it through memory. */
export class TestBroker {
  readonly broker: Broker;
  readonly clock: FakeClock;
  readonly #protocol: ReturnType<typeof stompProtocol>;

  private constructor(broker: Broker, clock: FakeClock, options: Partial<StompOptions>) {
    this.broker = broker;
    this.clock = clock;
    this.#protocol = stompProtocol(options);
  }

  static async open(
    options: Partial<StompOptions> = {},
    core: Parameters<typeof openTestBroker>[0] = {},
  ): Promise<TestBroker> {
    const { broker, clock } = await openTestBroker(core);
    return new TestBroker(broker, clock, options);
  }

  get vhost(): VirtualHost {
    return this.broker.virtualHost(DEFAULT_VIRTUAL_HOST);
  }

  /** A client that has said nothing yet. */
  dial(): TestClient {
    const transport = new MemoryTransport();
    return new TestClient(transport, this.#protocol.accept(transport, this.broker));
  }

  /** A client that has logged in. */
  async connect(version: Version = "1.2", headers: HeaderRecord = {}): Promise<TestClient> {
    const client = this.dial();
    client.send("CONNECT", {
      "accept-version": version,
      host: "/",
      login: "guest",
      passcode: "guest",
      ...headers,
    });
    const connected = await client.take();
    if (connected[0]?.command !== "CONNECTED") throw new Error(`not connected: ${shown(connected)}`);
    client.version = version;
    return client;
  }

  /** Publishes as a client of another protocol would. */
  publish(
    to:
      | { readonly topic: string }
      | { readonly queue: string }
      | { readonly exchange: string; readonly key: string },
    body: string | Uint8Array,
    properties: Partial<Properties> = {},
    fields: Partial<MessageFields> = {},
  ): Message {
    const { topics } = this.vhost;
    const place =
      "topic" in to
        ? { exchange: TOPIC_SPACE, topic: topics.fromPath(to.topic) }
        : "queue" in to
          ? { exchange: DEFAULT_EXCHANGE, topic: topics.fromKey(to.queue) }
          : { exchange: to.exchange, topic: topics.fromKey(to.key) };
    const message = new Message({
      ...place,
      body: typeof body === "string" ? Buffer.from(body) : body,
      publisher: otherProtocol,
      receivedAtMs: this.clock.now(),
      durable: false,
      codec: CORE_PROPERTIES,
      raw: encodeCoreProperties({ headers: [], ...properties }),
      ...fields,
    });
    this.vhost.publish(message);
    return message;
  }
}

const otherProtocol: Publisher = {
  protocol: "mqtt",
  version: "5.0",
  connectionId: "mqtt-1",
  clientId: "sensor-7",
  user: "alice",
  peer: "test:2",
};

/** One client on a transport in memory. */
export class TestClient {
  readonly transport: MemoryTransport;
  readonly connection: Connection;
  readonly #decoder = new FrameDecoder(defaultFrameLimits);
  version: Version = "1.2";

  constructor(transport: MemoryTransport, connection: Connection) {
    this.transport = transport;
    this.connection = connection;
  }

  send(command: string, headers: HeaderRecord | FrameHeaders = {}, body: string | Uint8Array = ""): void {
    const list: FrameHeaders = Array.isArray(headers)
      ? headers
      : Object.entries(headers).map(([name, value]) => [name, String(value)] as const);
    const bytes = typeof body === "string" ? Buffer.from(body) : body;
    this.write(encodeFrame(command, list, this.version, bytes));
  }

  /** Bytes as they are, in memory that is spoiled afterwards: nothing may have kept a view of it. */
  write(bytes: string | Uint8Array): void {
    const chunk = Buffer.from(bytes);
    this.connection.receive(chunk);
    chunk.fill(0x58);
  }

  /** The frames that came since the last call, once everything has settled. */
  async take(): Promise<Frame[]> {
    await quiet();
    this.#decoder.version = this.version;
    this.#decoder.push(this.transport.take());
    const frames: Frame[] = [];
    for (let frame = this.#decoder.next(); frame !== undefined; frame = this.#decoder.next())
      frames.push(frame);
    return frames;
  }

  /** Sends a frame and gives what comes back. */
  ask(
    command: string,
    headers: HeaderRecord | FrameHeaders = {},
    body: string | Uint8Array = "",
  ): Promise<Frame[]> {
    this.send(command, headers, body);
    return this.take();
  }

  /** Sends a frame with a receipt and waits for it. */
  async confirm(
    command: string,
    headers: HeaderRecord = {},
    body: string | Uint8Array = "",
  ): Promise<Frame[]> {
    const frames = await this.ask(command, { ...headers, receipt: "confirm" }, body);
    if (
      !frames.some(
        (frame) => headerOf(frame.headers, "receipt-id") === "confirm" && frame.command === "RECEIPT",
      )
    ) {
      throw new Error(`no receipt: ${shown(frames)}`);
    }
    return frames.filter((frame) => frame.command !== "RECEIPT");
  }

  /** The transport breaks. */
  cut(): void {
    this.transport.destroy();
    this.connection.closed();
  }

  /** Line ends received since the last call, outside of frames. */
  takeHeartBeats(): number {
    return this.transport.take().filter((byte) => byte === 10).length;
  }
}

/** A header of the only frame, or of that one. */
export function header(frames: readonly Frame[] | Frame | undefined, name: string): string | undefined {
  const frame = frames !== undefined && "command" in frames ? frames : frames?.[0];
  return frame === undefined ? undefined : headerOf(frame.headers, name);
}

export function bodies(frames: readonly Frame[]): string[] {
  return frames.map((frame) => frame.body.toString());
}

export function commands(frames: readonly Frame[]): string[] {
  return frames.map((frame) => frame.command);
}

/** Lets every promise that is due settle: an engine in memory waits for nothing else. */
async function quiet(): Promise<void> {
  for (let turn = 0; turn < 100; turn++) await Promise.resolve();
}

function shown(frames: readonly Frame[]): string {
  return frames.map((frame) => frame.head.toString() + frame.body.toString()).join("\n");
}
