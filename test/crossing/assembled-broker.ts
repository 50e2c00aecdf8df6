import { createServer, type Server, type Socket } from "node:net";
import { amqpPropertyCodecs, amqpProtocol } from "@dragoman/amqp";
import {
  Broker,
  type Clock,
  CORE_PROPERTIES,
  MemoryEngine,
  OPEN_AUTHORITY,
  type Pressure,
  type Protocol,
  type Transport,
} from "@dragoman/core";
import { mqttPropertyCodecs, mqttProtocol } from "@dragoman/mqtt";
import { stompPropertyCodecs, stompProtocol } from "@dragoman/stomp";

const CLOCK: Clock = {
  now: () => Date.now(),
  after: (delayMs, task) => {
    const timer = setTimeout(task, delayMs);
    return () => {
      clearTimeout(timer);
    };
  },
};

/**
 * Core and protocols on plain sockets, without the server: for what no option can bring about, such as the
 * alarm of memory.
 */
export class AssembledBroker {
  readonly #broker = new Broker(
    {
      clock: CLOCK,
      engine: new MemoryEngine(),
      authority: OPEN_AUTHORITY,
      propertyCodecs: [CORE_PROPERTIES, ...mqttPropertyCodecs, ...stompPropertyCodecs, ...amqpPropertyCodecs],
    },
    { maxMessageBytes: 1_000_000 },
  );
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #urls = new Map<string, string>();

  static async start(): Promise<AssembledBroker> {
    const assembled = new AssembledBroker();
    await assembled.#broker.open();
    for (const protocol of [mqttProtocol(), stompProtocol(), amqpProtocol()]) {
      await assembled.#listen(protocol);
    }
    return assembled;
  }

  get pressure(): Pressure {
    return this.#broker.pressure;
  }

  url(kind: string): string {
    const url = this.#urls.get(kind);
    if (url === undefined) throw new Error(`nothing listens for ${kind}`);
    return url;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    for (const server of this.#servers) server.close();
    await this.#broker.close();
  }

  async #listen(protocol: Protocol): Promise<void> {
    const server = createServer({ noDelay: true }, (socket) => {
      this.#sockets.add(socket);
      const connection = protocol.accept(transportOf(socket), this.#broker);
      socket.on("data", (chunk) => {
        connection.receive(chunk);
      });
      socket.on("drain", () => {
        connection.drained();
      });
      socket.on("error", () => {});
      socket.on("close", () => {
        this.#sockets.delete(socket);
        connection.closed();
      });
    });
    this.#servers.push(server);
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no TCP port");
    this.#urls.set(protocol.name, `${protocol.name}://127.0.0.1:${address.port}`);
  }
}

function transportOf(socket: Socket): Transport {
  return {
    peer: `${socket.remoteAddress}:${socket.remotePort}`,
    isLoopback: true,
    keepsText: false,
    get bufferedBytes() {
      return socket.writableLength;
    },
    send: (bytes) => void socket.write(bytes),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    end: () => void socket.end(),
    destroy: () => void socket.destroy(),
    failed: (error) => {
      throw error;
    },
  };
}
