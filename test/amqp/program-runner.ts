import { type Channel, type ChannelModel, type ConfirmChannel, connect, type GetMessage } from "amqplib";
import { EXCHANGES, QUEUES, type Step } from "./random-program.ts";

const queueName = (queue: number): string => `q${queue}`;
const exchangeName = (exchange: number): string => `e${exchange}`;

/** What a queue of each kind is declared with; a dead letter exchange closes circles between queues. */
const kinds: readonly object[] = [
  {},
  { maxLength: 3 },
  { maxLength: 2, overflow: "reject-publish" },
  { maxPriority: 3 },
  { deadLetterExchange: "e1" },
  { deadLetterExchange: "", deadLetterRoutingKey: "q1", maxLength: 2 },
  { maxLength: 5, arguments: { "x-queue-mode": "lazy" } },
  { maxLength: 2, arguments: { "x-overflow": "reject-publish-dlx", "x-dead-letter-exchange": "e2" } },
  { arguments: { "x-max-length-bytes": 7 } },
  { arguments: { "x-max-length-bytes": 5, "x-overflow": "reject-publish" } },
].map((options) => ({ durable: false, ...options }));

/** Runs programs against one broker and writes down everything that a client can see of them. */
export class ProgramRunner {
  readonly #connection: ChannelModel;
  #channel: ConfirmChannel | undefined;
  #seen: string[] = [];
  #held: GetMessage[] = [];

  static async open(url: string): Promise<ProgramRunner> {
    const connection = await connect(url);
    connection.on("error", () => {});
    return new ProgramRunner(connection);
  }

  private constructor(connection: ChannelModel) {
    this.#connection = connection;
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  async run(program: readonly Step[]): Promise<string[]> {
    await this.#clear();
    this.#seen = [];
    for (const [at, step] of program.entries()) {
      const answer = await this.#answer(step);
      this.#seen.push(`${at} ${JSON.stringify(step)}: ${answer}`);
    }
    await this.#leftovers();
    return this.#seen;
  }

  async #clear(): Promise<void> {
    await this.#channel?.close().catch(() => {});
    this.#channel = undefined;
    const channel = await this.#open();
    for (let queue = 0; queue < QUEUES; queue++) await channel.deleteQueue(queueName(queue));
    for (let exchange = 0; exchange < EXCHANGES; exchange++)
      await channel.deleteExchange(exchangeName(exchange));
  }

  async #open(): Promise<ConfirmChannel> {
    if (this.#channel !== undefined) return this.#channel;
    const channel = await this.#connection.createConfirmChannel();
    channel.on("error", () => {});
    channel.on("close", () => {
      if (this.#channel === channel) this.#channel = undefined;
    });
    channel.on("return", ({ content, fields }) => {
      this.#seen.push(`returned ${String(content)} ${fields.routingKey}`);
    });
    this.#held = [];
    this.#channel = channel;
    return channel;
  }

  async #answer(step: Step): Promise<string> {
    const channel = await this.#open();
    try {
      return await this.#do(channel, step);
    } catch (error) {
      this.#channel = undefined;
      const text = error instanceof Error ? error.message : String(error);
      // Ours keeps numbers as values and forgets how wide they came.
      return `failed: ${text.replaceAll(/of type '(byte|signedint)'/g, "of type integer")}`;
    }
  }

  async #do(channel: ConfirmChannel, step: Step): Promise<string> {
    switch (step.do) {
      case "publish":
      case "send":
        return await publish(channel, step);
      case "get":
        return await this.#get(channel, step.queue, step.noAck);
      case "ack":
      case "reject":
      case "requeue":
        return await this.#settle(channel, step);
      case "recover":
        this.#held = [];
        await channel.recover();
        return "recovered";
      case "declare-queue":
      case "declare-exchange":
      case "bind-queue":
      case "unbind-queue":
      case "bind-exchange":
      case "purge":
      case "delete-queue":
      case "delete-exchange":
        return await changeTopology(channel, step);
    }
  }

  async #get(channel: Channel, queue: number, noAck: boolean): Promise<string> {
    const got = await channel.get(queueName(queue), { noAck });
    if (got === false) return "empty";
    if (!noAck) this.#held.push(got);
    return shown(got);
  }

  async #settle(channel: Channel, step: Extract<Step, { which: number }>): Promise<string> {
    const message = this.#held[step.which % Math.max(1, this.#held.length)];
    if (message === undefined) return "nothing held";
    const { deliveryTag } = message.fields;
    this.#held = this.#held.filter(({ fields }) =>
      step.multiple ? fields.deliveryTag > deliveryTag : fields.deliveryTag !== deliveryTag,
    );
    if (step.do === "ack") channel.ack(message, step.multiple);
    else channel.nack(message, step.multiple, step.do === "requeue");
    // An acknowledgement has no answer: what comes after it on the same channel has.
    await channel.checkExchange("amq.direct");
    return "settled";
  }

  /** What every queue holds at the end, in order. */
  async #leftovers(): Promise<void> {
    await this.#channel?.close();
    this.#channel = undefined;
    for (let queue = 0; queue < QUEUES; queue++) {
      for (let answer = ""; answer !== "empty" && !answer.startsWith("failed");) {
        answer = await this.#answer({ do: "get", queue, noAck: true });
        this.#seen.push(`left in ${queueName(queue)}: ${answer}`);
      }
    }
  }
}

async function publish(channel: ConfirmChannel, step: Extract<Step, { body: string }>): Promise<string> {
  const [exchange, key] =
    step.do === "send" ? ["", queueName(step.queue)] : [exchangeName(step.exchange), step.key];
  const { priority } = step;
  const more = step.do === "send" ? {} : { mandatory: step.mandatory, CC: [...step.copies] };
  return await new Promise((resolve, reject) => {
    channel.once("error", reject);
    channel.publish(exchange, key, Buffer.from(step.body), { priority, ...more }, (error: unknown) => {
      channel.off("error", reject);
      resolve(error === null || error === undefined ? "acknowledged" : "refused");
    });
  });
}

async function changeTopology(
  channel: Channel,
  step: Exclude<Step, { do: "publish" | "send" | "get" | "ack" | "reject" | "requeue" | "recover" }>,
): Promise<string> {
  switch (step.do) {
    case "declare-queue":
      return JSON.stringify(await channel.assertQueue(queueName(step.queue), kinds[step.kind] ?? {}));
    case "declare-exchange":
      return JSON.stringify(
        await channel.assertExchange(exchangeName(step.exchange), step.type, { durable: false }),
      );
    case "bind-queue":
      return JSON.stringify(
        await channel.bindQueue(queueName(step.queue), exchangeName(step.exchange), step.key),
      );
    case "unbind-queue":
      return JSON.stringify(
        await channel.unbindQueue(queueName(step.queue), exchangeName(step.exchange), step.key),
      );
    case "bind-exchange":
      return JSON.stringify(
        await channel.bindExchange(exchangeName(step.to), exchangeName(step.from), step.key),
      );
    case "purge":
      return JSON.stringify(await channel.purgeQueue(queueName(step.queue)));
    case "delete-queue":
      return JSON.stringify(await channel.deleteQueue(queueName(step.queue)));
    case "delete-exchange":
      return JSON.stringify(await channel.deleteExchange(exchangeName(step.exchange)));
  }
}

/** A message without what is never the same twice. */
function shown({ content, fields, properties }: GetMessage): string {
  const headers = JSON.stringify(properties.headers ?? {}, (name: string, value: unknown) =>
    name === "time" ? "then" : Array.isArray(value) ? value : sorted(value),
  );
  const { exchange, routingKey, redelivered, messageCount } = fields;
  return `${String(content)} from '${exchange}' '${routingKey}' ${redelivered ? "again" : "first"} ${messageCount} left, ${headers}`;
}

/** Fields of a table have no order. */
function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
