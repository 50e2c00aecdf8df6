import {
  AMQPClient,
  type AMQPMessage,
  type AMQPProperties,
  AMQPWebSocketClient,
} from "@cloudamqp/amqp-client";
import { WebSocket } from "ws";
import { bytesText, present } from "./bytes-text.ts";
import { Inbox, within } from "./inbox.ts";

type Connected = Awaited<ReturnType<AMQPClient["connect"]>>;
type Channel = Awaited<ReturnType<Connected["channel"]>>;

export interface CloudAmqpArrival {
  readonly exchange: string;
  readonly routingKey: string;
  readonly body: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** The npm client `@cloudamqp/amqp-client`, over TCP (`amqp://…`) or WebSocket (`ws://…`). */
export class CloudAmqp {
  readonly connection: Connected;
  readonly channel: Channel;

  static async connect(url: string): Promise<CloudAmqp> {
    const overWebSocket = url.startsWith("ws");
    // The client takes the browser's global, which Node 20 does not have.
    if (overWebSocket && !("WebSocket" in globalThis)) Object.assign(globalThis, { WebSocket });
    const client = overWebSocket ? new AMQPWebSocketClient({ url }) : new AMQPClient(url);
    Object.assign(client, { onerror: () => {} });
    const connection = await within(client.connect(), "cloudamqp connect");
    const channel = await within(connection.channel(), "cloudamqp channel");
    await within(channel.confirmSelect(), "cloudamqp confirm");
    return new CloudAmqp(connection, channel);
  }

  private constructor(connection: Connected, channel: Channel) {
    this.connection = connection;
    this.channel = channel;
  }

  /** Resolves when the broker confirmed. */
  async publish(
    exchange: string,
    routingKey: string,
    body: string | Uint8Array,
    properties: AMQPProperties = {},
  ): Promise<void> {
    const confirmed = this.channel.basicPublish(exchange, routingKey, body, properties);
    await within(confirmed, `cloudamqp publish ${routingKey}`);
  }

  /** Consumes from an exclusive queue of its own, bound to the topic space. */
  async subscribe(pattern: string): Promise<Inbox<CloudAmqpArrival>> {
    const inbox = new Inbox<CloudAmqpArrival>(`cloudamqp ${pattern}`);
    const { name } = await within(this.channel.queueDeclare("", { exclusive: true }), "cloudamqp queue");
    await within(this.channel.queueBind(name, "amq.topic", pattern), "cloudamqp bind");
    const consuming = this.channel.basicConsume(name, { noAck: true }, (message: AMQPMessage) => {
      inbox.push({
        exchange: message.exchange,
        routingKey: message.routingKey,
        body: bytesText(message.body ?? new Uint8Array()),
        properties: present(message.properties),
      });
    });
    await within(consuming, "cloudamqp consume");
    return inbox;
  }

  async close(): Promise<void> {
    await within(this.connection.close(), "cloudamqp close");
  }
}
