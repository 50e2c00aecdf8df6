import { performance } from "node:perf_hooks";
import { connect } from "amqplib";

/** What one reading of a stream gave. */
export interface Reading {
  readonly count: number;
  /** Offsets of the first and the last message read. */
  readonly first: number;
  readonly last: number;
  /** Every offset was by one larger than the one before, and every body told the same number. */
  readonly isGapless: boolean;
  readonly milliseconds: number;
}

export interface Replay {
  readonly published: { readonly milliseconds: number };
  readonly fromFirst: Reading;
  readonly fromOffset: Reading;
  readonly fromTime: Reading;
}

const STREAM = "replayed";
const ARGUMENTS = { "x-queue-type": "stream", "x-max-age": "7D" };

/**
 * Publishes so many numbered messages to a stream with confirms, then reads them from the start, from an offset
 * in the middle, and from the second in which the second half began.
 */
export async function replay(url: string, count: number): Promise<Replay> {
  const half = count / 2;
  const connection = await connect(url);
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue(STREAM, { durable: true, arguments: ARGUMENTS });
  const publish = async (from: number, to: number): Promise<void> => {
    for (let number = from; number < to; number++) {
      const body = Buffer.from(String(number));
      if (channel.sendToQueue(STREAM, body, { persistent: true })) continue;
      await new Promise<void>((resolve) => channel.once("drain", resolve));
    }
    await channel.waitForConfirms();
  };
  const began = performance.now();
  await publish(0, half);
  const firstHalfMs = performance.now() - began;
  // A timestamp of AMQP has whole seconds: the second half begins with one.
  const second = Math.floor(Date.now() / 1_000) + 1;
  await new Promise((resolve) => setTimeout(resolve, second * 1_000 - Date.now()));
  const beganAgain = performance.now();
  await publish(half, count);
  const published = { milliseconds: firstHalfMs + performance.now() - beganAgain };

  const read = (offset: unknown, want: number): Promise<Reading> => readFrom(url, offset, want);
  const fromFirst = await read("first", count);
  const fromOffset = await read(half, half);
  const fromTime = await read({ "!": "timestamp", value: second }, half);
  await channel.deleteQueue(STREAM);
  await connection.close();
  return { published, fromFirst, fromOffset, fromTime };
}

async function readFrom(url: string, offset: unknown, want: number): Promise<Reading> {
  const connection = await connect(url);
  const channel = await connection.createChannel();
  await channel.prefetch(1_000);
  const began = performance.now();
  let count = 0;
  let first = -1;
  let last = -1;
  let isGapless = true;
  await new Promise<void>((resolve, reject) => {
    const consumed = channel.consume(
      STREAM,
      (message) => {
        if (message === null) return;
        const at = Number(message.properties.headers?.["x-stream-offset"]);
        if (count === 0) first = at;
        else if (at !== last + 1) isGapless = false;
        if (Number(message.content.toString()) !== at) isGapless = false;
        last = at;
        count++;
        if (count % 500 === 0 || count === want) channel.ack(message, true);
        if (count === want) resolve();
      },
      { arguments: { "x-stream-offset": offset } },
    );
    consumed.catch(reject);
  });
  const milliseconds = performance.now() - began;
  await connection.close();
  return { count, first, last, isGapless, milliseconds };
}
