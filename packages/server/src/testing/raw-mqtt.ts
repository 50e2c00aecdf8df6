import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { decodePacket, encodePacket, type Packet, PacketSplitter, type Properties } from "@dragoman/mqtt";

/** A client of MQTT 5.0 that answers nothing by itself, so that a test decides what is said when. */
export class RawMqtt {
  readonly #socket: Socket;
  readonly #splitter = new PacketSplitter(268_435_460);
  readonly #arrived: Packet[] = [];
  #wake: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk) => this.#received(chunk));
    socket.on("error", () => undefined);
  }

  static async connect(url: string, clientId: string, properties: Properties = {}): Promise<RawMqtt> {
    const { port, hostname } = new URL(url);
    const socket = connect(Number(port), hostname);
    await once(socket, "connect");
    const client = new RawMqtt(socket);
    client.send({
      type: "connect",
      version: 5,
      cleanStart: false,
      keepAlive: 0,
      properties,
      clientId,
      will: undefined,
      userName: undefined,
      password: undefined,
    });
    await client.next("connack");
    return client;
  }

  send(packet: Packet): void {
    this.#socket.write(encodePacket(packet, 5));
  }

  async subscribe(filter: string, qos: 0 | 1 | 2): Promise<void> {
    const request = {
      filter,
      qos,
      noLocal: false,
      retainAsPublished: false,
      retainHandling: "always",
    } as const;
    this.send({ type: "subscribe", packetId: 1, properties: {}, subscriptions: [request] });
    await this.next("suback");
  }

  /** Everything that the broker did before is known when this returns. */
  async ping(): Promise<void> {
    this.send({ type: "pingreq" });
    await this.next("pingresp");
  }

  /** The next packet of this type; what else came stays. */
  async next<T extends Packet["type"]>(type: T): Promise<Extract<Packet, { type: T }>> {
    const is = (packet: Packet): packet is Extract<Packet, { type: T }> => packet.type === type;
    for (;;) {
      const found = this.#arrived.find(is);
      if (found !== undefined) {
        this.#arrived.splice(this.#arrived.indexOf(found), 1);
        return found;
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Topics of what was published to it and not asked for yet. */
  get waiting(): readonly string[] {
    return this.#arrived.flatMap((packet) => (packet.type === "publish" ? packet.topic : []));
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  async disconnect(): Promise<void> {
    this.send({ type: "disconnect", reason: 0, properties: {} });
    await once(this.#socket, "close");
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #received(chunk: Buffer): void {
    this.#splitter.push(chunk);
    while (this.#splitter.next()) {
      const packet = decodePacket(this.#splitter, 5);
      // What a packet holds are views into the chunk.
      this.#arrived.push(
        packet.type === "publish" ? { ...packet, payload: Buffer.from(packet.payload) } : packet,
      );
    }
    this.#splitter.keep();
    this.#wake();
  }
}
