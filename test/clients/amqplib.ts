import { type Channel, type ChannelModel, type ConfirmChannel, type Options, connect } from "amqplib";
import { bytesText, present } from "./bytes-text.ts";
import { Inbox, within } from "./inbox.ts";

/** Properties of a message under amqplib's names; its headers too. */
export type AmqpFields = Options.Publish;

export interface AmqpArrival {
  readonly exchange: string;
  readonly routingKey: string;
  readonly redelivered: boolean;
  /** `deliveryMode` is 2. */
  readonly durable: boolean;
  readonly body: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly contentType?: string;
  readonly contentEncoding?: string;
  readonly deliveryMode?: number;
  readonly priority?: number;
  readonly correlationId?: string;
  readonly replyTo?: string;
  readonly expiration?: string;
  readonly messageId?: string;
  readonly timestamp?: number;
  readonly type?: string;
  readonly userId?: string;
  readonly appId?: string;
  /** Refuses, returns or settles the delivery. */
  readonly settle: (how: "ack" | "ack-all" | "requeue" | "reject") => void;
}

interface RawDelivery {
  readonly fields: { readonly exchange: string; readonly routingKey: string; readonly redelivered: boolean };
  readonly properties: object & { readonly headers?: object | undefined; readonly deliveryMode?: unknown };
  readonly content: Buffer;
}

function plain(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return `bytes:${bytesText(value)}`;
  if (Array.isArray(value)) return value.map((item) => plain(item));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item)]));
}

function toArrival(raw: RawDelivery, settle: AmqpArrival["settle"]): AmqpArrival {
  const { exchange, routingKey, redelivered } = raw.fields;
  const { headers, ...properties } = raw.properties;
  return {
    exchange,
    routingKey,
    redelivered,
    durable: properties.deliveryMode === 2,
    body: bytesText(raw.content),
    ...present(properties),
    headers: Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name, plain(value)])),
    settle,
  };
}

/** The npm client `amqplib`. */
export class Amqplib {
  readonly connection: ChannelModel;
  readonly channel: ConfirmChannel;
  /** Names of events that ended or troubled the connection or its channel, with their message. */
  readonly events: Inbox<{ readonly event: string; readonly message: string }> = new Inbox("amqplib events");

  static async connect(url: string): Promise<Amqplib> {
    const connection = await within(connect(url), "amqplib connect");
    return new Amqplib(connection, await within(connection.createConfirmChannel(), "amqplib channel"));
  }

  private constructor(connection: ChannelModel, channel: ConfirmChannel) {
    this.connection = connection;
    this.channel = channel;
    for (const [name, emitter] of [
      ["connection", connection],
      ["channel", channel],
    ] as const) {
      emitter.on("error", (error: Error) => {
        this.events.push({ event: `${name} error`, message: error.message });
      });
      emitter.on("close", (reason?: Error) => {
        this.events.push({ event: `${name} close`, message: reason?.message ?? "" });
      });
    }
    channel.on("return", (raw: RawDelivery & { fields: { replyCode: number; replyText: string } }) => {
      const { replyCode, replyText } = raw.fields;
      this.events.push({ event: "return", message: `${replyCode} ${replyText}` });
    });
    connection.on("blocked", (reason: string) => {
      this.events.push({ event: "blocked", message: reason });
    });
  }

  /** Resolves when the broker confirmed; rejects when it refused. */
  publish(
    exchange: string,
    routingKey: string,
    body: string | Buffer,
    fields: AmqpFields = {},
  ): Promise<void> {
    const confirmed = new Promise<void>((resolve, reject) => {
      this.channel.publish(exchange, routingKey, Buffer.from(body), fields, (error: unknown) => {
        if (error === null || error === undefined) resolve();
        else reject(error instanceof Error ? error : new Error("basic.nack"));
      });
    });
    return within(confirmed, `amqplib publish ${exchange} ${routingKey}`);
  }

  /** Consumes from an exclusive queue of its own, bound to the topic space. */
  async subscribe(pattern: string, bindingArguments?: object): Promise<Inbox<AmqpArrival>> {
    const { queue } = await within(this.channel.assertQueue("", { exclusive: true }), "amqplib queue");
    await within(this.channel.bindQueue(queue, "amq.topic", pattern, bindingArguments), "amqplib bind");
    return this.consume(queue, { noAck: true });
  }

  /** Consumes from a queue that exists. */
  async consume(queue: string, options: Options.Consume = {}): Promise<Inbox<AmqpArrival>> {
    const inbox = new Inbox<AmqpArrival>(`amqplib consumer of ${queue}`);
    const { channel } = this;
    const consuming = channel.consume(
      queue,
      (message) => {
        if (message === null) {
          inbox.end("consumer cancelled");
          this.events.push({ event: "cancel", message: queue });
          return;
        }
        inbox.push(
          toArrival(message, (how) => {
            if (how === "ack" || how === "ack-all") channel.ack(message, how === "ack-all");
            else channel.nack(message, false, how === "requeue");
          }),
        );
      },
      options,
    );
    await within(consuming, `amqplib consume ${queue}`);
    return inbox;
  }

  /** A second channel, plain or with its errors swallowed by `events`. */
  async openChannel(): Promise<Channel> {
    const channel = await within(this.connection.createChannel(), "amqplib channel");
    channel.on("error", (error: Error) => {
      this.events.push({ event: "channel error", message: error.message });
    });
    return channel;
  }

  async close(): Promise<void> {
    // Its channels do not share one stream, so an acknowledgement could come after connection.close.
    await within(this.channel.close(), "amqplib channel close").catch(() => {});
    await within(this.connection.close(), "amqplib close");
  }
}
