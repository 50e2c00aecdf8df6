import { Child } from "./child.ts";
import { Inbox } from "./inbox.ts";

/** What `amqp-publish` can say of a message. */
export interface AmqpPublishFields {
  readonly contentType?: string;
  readonly contentEncoding?: string;
  readonly replyTo?: string;
  readonly persistent?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Publishes one message with Debian's `amqp-publish`; resolves when the program has ended well. */
export async function amqpPublish(
  url: string,
  exchange: string,
  routingKey: string,
  body: string | Buffer,
  fields: AmqpPublishFields = {},
): Promise<void> {
  const args = ["--url", url, "-e", exchange, "-r", routingKey];
  if (fields.contentType !== undefined) args.push("-C", fields.contentType);
  if (fields.contentEncoding !== undefined) args.push("-E", fields.contentEncoding);
  if (fields.replyTo !== undefined) args.push("-t", fields.replyTo);
  if (fields.persistent === true) args.push("-p");
  for (const [name, value] of Object.entries(fields.headers ?? {})) args.push("-H", `${name}: ${value}`);
  await new Child("amqp-publish", args).finish(body);
}

/**
 * A running `amqp-consume` on a queue that exists. The program hands over bodies only, one to each run of a
 * command, so bodies are all that arrives here.
 */
export class AmqpConsumer {
  readonly bodies: Inbox<string>;
  readonly #child: Child;

  static start(url: string, queue: string): AmqpConsumer {
    // `od` keeps every byte, and each body ends with a line of its own.
    const command = ["/bin/sh", "-c", "od -An -v -tx1 | tr -d ' \\n'; echo"];
    return new AmqpConsumer(queue, new Child("amqp-consume", ["--url", url, "-q", queue, "--", ...command]));
  }

  private constructor(queue: string, child: Child) {
    this.#child = child;
    this.bodies = new Inbox(`amqp-consume ${queue}`);
    child.each(
      (line) => {
        this.bodies.push(Buffer.from(line, "hex").toString());
      },
      (reason) => {
        this.bodies.end(reason);
      },
    );
  }

  async close(): Promise<void> {
    await this.#child.stop();
  }
}
