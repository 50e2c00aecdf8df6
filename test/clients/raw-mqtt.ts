import { connect, type Socket } from "node:net";
import { generate, type IConnectPacket, type Packet, parser } from "mqtt-packet";
import { Inbox } from "./inbox.ts";

/** MQTT by hand, for packets that no client library sends. */
export class RawMqtt {
  readonly packets: Inbox<Packet> = new Inbox("raw mqtt");
  readonly #socket: Socket;
  readonly #version: 4 | 5;

  /** Connects with a clean session, no keep alive and an identifier from the broker, unless told otherwise. */
  static async connect(url: string, version: 4 | 5, options: Partial<IConnectPacket> = {}): Promise<RawMqtt> {
    const raw = RawMqtt.begin(url, version, options);
    await raw.packets.next(({ cmd }) => cmd === "connack");
    return raw;
  }

  /** Sends the CONNECT and leaves all answers to it in `packets`. */
  static begin(url: string, version: 4 | 5, options: Partial<IConnectPacket> = {}): RawMqtt {
    const raw = new RawMqtt(url, version);
    const standard = { clientId: "", protocolId: "MQTT", clean: true, keepalive: 0 } as const;
    raw.send({ cmd: "connect", protocolVersion: version, ...standard, ...options });
    return raw;
  }

  private constructor(url: string, version: 4 | 5) {
    this.#version = version;
    const { hostname, port } = new URL(url);
    this.#socket = connect(Number(port), hostname);
    const incoming = parser({ protocolVersion: version });
    incoming.on("packet", (packet: Packet) => {
      this.packets.push(packet);
    });
    this.#socket.on("data", (chunk) => {
      incoming.parse(chunk);
    });
    this.#socket.on("error", () => {});
    this.#socket.on("close", () => {
      this.packets.end("connection closed");
    });
  }

  send(packet: Packet): void {
    this.write(generate(packet, { protocolVersion: this.#version }));
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  close(): void {
    this.#socket.destroy();
  }
}
