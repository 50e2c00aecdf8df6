import { createServer, type Server, type Socket } from "node:net";
import { amqpPropertyCodecs, amqpProtocol } from "@dragoman/amqp";
import {
  Broker,
  CORE_PROPERTIES,
  MemoryEngine,
  OPEN_AUTHORITY,
  type Protocol,
  type Transport,
} from "@dragoman/core";
import { mqttPropertyCodecs, mqttProtocol } from "@dragoman/mqtt";
import { stompPropertyCodecs, stompProtocol } from "@dragoman/stomp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Amqplib } from "../clients/amqplib.ts";
import { MqttJs } from "../clients/mqtt-js.ts";
import { StompJs } from "../clients/stompjs.ts";
import { freshTopic } from "./cross.ts";

/** No option raises the alarm, so this file puts a broker together whose pressure it can reach. */
const broker = new Broker(
  {
    clock: {
      now: () => Date.now(),
      after: (delayMs, task) => {
        const timer = setTimeout(task, delayMs);
        return () => {
          clearTimeout(timer);
        };
      },
    },
    engine: new MemoryEngine(),
    authority: OPEN_AUTHORITY,
    propertyCodecs: [CORE_PROPERTIES, ...mqttPropertyCodecs, ...stompPropertyCodecs, ...amqpPropertyCodecs],
  },
  { maxMessageBytes: 1_000_000 },
);

const servers: Server[] = [];
const sockets = new Set<Socket>();
const urls = { mqtt: "", stomp: "", amqp: "" };

function transportOf(socket: Socket): Transport {
  return {
    peer: `${socket.remoteAddress}:${socket.remotePort}`,
    isLoopback: true,
    get bufferedBytes() {
      return socket.writableLength;
    },
    send: (bytes) => void socket.write(bytes),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    end: () => void socket.end(),
    destroy: () => void socket.destroy(),
  };
}

async function listen(protocol: Protocol): Promise<string> {
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    const connection = protocol.accept(transportOf(socket), broker);
    socket.on("data", (chunk) => {
      connection.receive(chunk);
    });
    socket.on("drain", () => {
      connection.drained();
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      sockets.delete(socket);
      connection.closed();
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no TCP port");
  return `${protocol.name}://127.0.0.1:${address.port}`;
}

beforeAll(async () => {
  await broker.open();
  urls.mqtt = await listen(mqttProtocol());
  urls.stomp = await listen(stompProtocol());
  urls.amqp = await listen(amqpProtocol());
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
  await broker.close();
});

interface Client {
  readonly name: string;
  /** Connects; the returned function publishes and resolves when the broker has acknowledged. */
  readonly open: () => Promise<(topic: string) => Promise<unknown>>;
}

const CLIENTS: readonly Client[] = [
  {
    name: "mqtt5",
    open: async () => {
      const client = await MqttJs.connect(urls.mqtt);
      return (topic) => client.publish(topic, "x", { qos: 1 });
    },
  },
  {
    name: "mqtt3.1.1",
    open: async () => {
      const client = await MqttJs.connect(urls.mqtt, { protocolVersion: 4 });
      return (topic) => client.publish(topic, "x", { qos: 1 });
    },
  },
  {
    name: "stomp1.2",
    open: async () => {
      const client = await StompJs.connect(urls.stomp);
      return (topic) => client.send(`/topic/${topic}`, "x");
    },
  },
  {
    name: "amqp",
    open: async () => {
      const client = await Amqplib.connect(urls.amqp);
      return (topic) => client.publish("amq.topic", topic.replaceAll("/", "."), "x");
    },
  },
];

describe("while the broker is short of memory or disk", () => {
  for (const { name, open } of CLIENTS) {
    test(`§9 memory or disk alarm: ${name}, stop reading until it is over`, async () => {
      const topic = freshTopic();
      const consumer = await Amqplib.connect(urls.amqp);
      const inbox = await consumer.subscribe(topic.replaceAll("/", "."));
      const publish = await open();
      // Whoever has published is a publisher.
      await publish(topic);
      await inbox.next();

      broker.pressure.raise("memory");
      const published = publish(topic);
      // Those who only consume are served: an answer that comes later than the publish was sent.
      const idle = await consumer.openChannel();
      await idle.checkExchange("amq.topic");
      const before = inbox.all.length;
      broker.pressure.ease("memory");
      await published;

      expect(before).toBe(1);
      expect((await inbox.next()).body).toBe("x");
      await consumer.close();
    });
  }

  test("§9 memory or disk alarm: amqp, connection.blocked", async () => {
    const publisher = await Amqplib.connect(urls.amqp);

    broker.pressure.raise("disk");
    void publisher.publish("amq.topic", "a", "x").catch(() => {});
    const { event, message } = await publisher.events.next();
    broker.pressure.ease("disk");

    expect(event).toBe("blocked");
    expect(message).not.toBe("");
    await publisher.close();
  });
});
