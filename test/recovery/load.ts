import { connect as connectAmqp } from "amqplib";
import { type MqttClient, connect as connectMqtt } from "mqtt";
import type { Arrivals } from "./arrivals.ts";
import type { BrokerProcess } from "./broker-process.ts";
import { ReceiptClient } from "./receipt-client.ts";
import type { Tally } from "./tally.ts";

export const QUEUE = "crash";
/** Gets what is published to the topic, as the first queue does: one stored message in both. */
const SECOND_QUEUE = "crash.second";
const TOPIC = "crash/topic";
/** Publishes that a publisher has under way at once. */
const WINDOW = 50;
const FILLER = "x".repeat(200);

/** Numbers of messages, over all lives of the broker. */
export class Numbers {
  readonly #next = new Map<string, number>();

  next(publisher: string): number {
    const number = (this.#next.get(publisher) ?? 0) + 1;
    this.#next.set(publisher, number);
    return number;
  }
}

/** Clients of all three protocols that publish as fast as they are confirmed, until the broker dies. */
export class Load {
  readonly #tally: Tally;
  readonly #numbers: Numbers;
  #isStopped = false;

  constructor(tally: Tally, numbers: Numbers) {
    this.#tally = tally;
    this.#numbers = numbers;
  }

  /** Those clients that outlive the broker publish no more. */
  stop(): void {
    this.#isStopped = true;
  }

  /** A durable queue that gets what is published to it and to the topic, and one for the topic alone. */
  static async declare(broker: BrokerProcess): Promise<void> {
    const connection = await connectAmqp(broker.url("amqp"));
    const channel = await connection.createChannel();
    await channel.assertQueue(QUEUE, { durable: true });
    await channel.bindQueue(QUEUE, "amq.topic", "crash.topic");
    await channel.assertQueue(SECOND_QUEUE, { durable: true });
    await channel.bindQueue(SECOND_QUEUE, "amq.topic", "crash.topic");
    await connection.close();
  }

  async amqp(broker: BrokerProcess): Promise<void> {
    const connection = await connectAmqp(broker.url("amqp"));
    connection.on("error", () => undefined);
    const channel = await connection.createConfirmChannel();
    channel.on("error", () => undefined);
    const publish = (): void => {
      const number = this.#numbers.next("amqp");
      try {
        channel.publish("", QUEUE, Buffer.from(`amqp ${number} ${FILLER}`), { persistent: true }, (error) => {
          if (error !== null && error !== undefined) return;
          this.#tally.confirmed("amqp", number);
          publish();
        });
      } catch {
        // The channel is closed: the broker is dead.
      }
    };
    for (let i = 0; i < WINDOW; i++) publish();
  }

  async stomp(broker: BrokerProcess): Promise<void> {
    const client = await ReceiptClient.connect(broker.url("stomp"), ({ command, headers }) => {
      if (command !== "RECEIPT") return;
      this.#tally.confirmed("stomp", Number(headers["receipt-id"]));
      publish();
    });
    const publish = (): void => {
      const number = this.#numbers.next("stomp");
      const headers = { destination: `/queue/${QUEUE}`, persistent: "true", receipt: String(number) };
      client.send("SEND", headers, `stomp ${number} ${FILLER}`);
    };
    for (let i = 0; i < WINDOW; i++) publish();
  }

  /** Its client forgets what was not confirmed, so nothing is published twice. */
  async mqttOnce(broker: BrokerProcess): Promise<void> {
    const client = connectMqtt(broker.url("mqtt"), { reconnectPeriod: 0, protocolVersion: 5 });
    client.on("error", () => undefined);
    await connected(client);
    this.#publish(client, "mqtt-1", 1);
  }

  /**
   * Exactly once: one client for all lives of the broker, which goes on with what was under way. It has
   * subscribed to what it publishes.
   */
  async mqttTwice(broker: BrokerProcess, arrivals: Arrivals): Promise<MqttClient> {
    const client = connectMqtt(broker.url("mqtt"), {
      reconnectPeriod: 50,
      clean: false,
      clientId: "exactly-once",
      protocolVersion: 5,
      properties: { sessionExpiryInterval: 3_600 },
    });
    client.on("error", () => undefined);
    client.on("message", (_topic, body) => arrivals.arrived(body.toString("latin1")));
    await connected(client);
    await client.subscribeAsync(TOPIC, { qos: 2 });
    this.#publish(client, "mqtt-2", 2);
    return client;
  }

  #publish(client: MqttClient, publisher: string, qos: 1 | 2): void {
    const publish = (): void => {
      if (client.disconnecting || this.#isStopped) return;
      const number = this.#numbers.next(publisher);
      client.publish(TOPIC, `${publisher} ${number} ${FILLER}`, { qos }, (error) => {
        if (error !== null && error !== undefined) return;
        this.#tally.confirmed(publisher, number);
        publish();
      });
    };
    for (let i = 0; i < WINDOW; i++) publish();
  }
}

/**
 * Takes messages from the queue and asks for a receipt for each settlement.
 *
 * @param keeps true for those that are not to be settled
 */
export async function consume(
  broker: BrokerProcess,
  tally: Tally,
  keeps: (name: string) => boolean = () => false,
): Promise<ReceiptClient> {
  const client = await ReceiptClient.connect(broker.url("stomp"), ({ command, headers, body }) => {
    if (command === "RECEIPT") {
      tally.settled(headers["receipt-id"] ?? "");
    } else if (command === "MESSAGE") {
      const name = tally.delivered(body);
      if (keeps(name)) tally.kept(name);
      else client.send("ACK", { id: headers["ack"] ?? "", receipt: name });
    }
  });
  const destination = `/queue/${QUEUE}`;
  client.send("SUBSCRIBE", { id: "0", destination, ack: "client-individual", "prefetch-count": "500" });
  return client;
}

/** Takes and acknowledges everything in the second queue. */
export async function consumeSecond(broker: BrokerProcess, arrivals: Arrivals): Promise<void> {
  const connection = await connectAmqp(broker.url("amqp"));
  connection.on("error", () => undefined);
  const channel = await connection.createChannel();
  channel.on("error", () => undefined);
  await channel.prefetch(200);
  await channel.consume(SECOND_QUEUE, (message) => {
    if (message === null) return;
    arrivals.arrived(message.content.toString("latin1"));
    channel.ack(message);
  });
}

function connected(client: MqttClient): Promise<void> {
  return new Promise((resolve, reject) => {
    client.once("connect", () => resolve());
    client.once("close", () => reject(new Error("the MQTT client could not connect")));
  });
}
