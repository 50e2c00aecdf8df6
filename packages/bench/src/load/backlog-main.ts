import { setTimeout as wait } from "node:timers/promises";
import type { Flow } from "../flow.ts";
import { consumeAmqp, declareQueue, openAmqp } from "../wire/amqp.ts";
import { AmqpReader } from "../wire/amqp-reader.ts";
import { openPublisher } from "../wire/open-publisher.ts";
import { Publisher } from "./publisher.ts";
import { Tally, Traffic } from "./tally.ts";

/** One half of the backlog: to be given as JSON in the first argument. */
export interface BacklogJob {
  readonly step: "fill" | "read";
  readonly port: number;
  readonly messages: number;
}

/** What came out of it. */
export interface BacklogOutcome {
  /** Until the last message was confirmed, or had come. */
  readonly seconds: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly outOfOrder: number;
}

const QUEUE = "bench-backlog";
const BODY_BYTES = 256;
const BATCH = 100;
const WINDOW = 10_000;
const PREFETCH = 2_000;
/** Nothing for that long: no more will come. */
const SILENCE_MS = 30_000;

const job = parseJob(process.argv[2] ?? "");
const outcome = job.step === "fill" ? await fill(job) : await read(job);
process.stdout.write(JSON.stringify(outcome), () => process.exit(0));

/** Publishes persistent messages into a durable queue until all are confirmed. */
async function fill({ port, messages }: BacklogJob): Promise<BacklogOutcome> {
  await declareQueue(await openAmqp(port, false), QUEUE, true);
  const flow: Flow = {
    from: { protocol: "amqp", confirm: true, persistent: true },
    to: { protocol: "amqp", prefetch: PREFETCH, durable: true },
    publishers: 1,
    subscribers: 0,
    reach: "shared",
    address: "queue",
    bodyBytes: BODY_BYTES,
    window: WINDOW,
    batch: BATCH,
  };
  let publisher: Publisher | undefined;
  const wire = await openPublisher(flow, { amqp: port }, 0, () => publisher?.pump());
  publisher = new Publisher(wire, new Traffic(1, 256), {
    number: 0,
    topics: [QUEUE],
    bodyBytes: BODY_BYTES,
    window: WINDOW,
    batch: BATCH,
    limit: messages,
    receivers: 0,
  });
  const startMs = performance.now();
  publisher.pump();
  const confirmed = (): number => wire.confirmed ?? 0;
  await progress(confirmed, () => confirmed() >= messages);
  const lost = messages - confirmed();
  return { seconds: (performance.now() - startMs) / 1000, lost, duplicated: 0, outOfOrder: 0 };
}

/** Takes them all and acknowledges what each read brought. */
async function read({ port, messages }: BacklogJob): Promise<BacklogOutcome> {
  const traffic = new Traffic(1, 256);
  traffic.sent[0] = messages;
  const tally = new Tally(traffic);
  const link = await openAmqp(port, false);
  const startMs = performance.now();
  await consumeAmqp(link, QUEUE, PREFETCH);
  link.read(new AmqpReader(link, tally, "chunk", () => undefined).read);
  const lastMs = await progress(
    () => traffic.delivered,
    () => traffic.delivered >= messages,
  );
  // What comes again would come now.
  await wait(500);
  const { duplicated, outOfOrder } = tally;
  return { seconds: (lastMs - startMs) / 1000, lost: tally.lost([0]), duplicated, outOfOrder };
}

/** Waits until it is done or nothing moves any more; returns when that was. */
async function progress(count: () => number, isDone: () => boolean): Promise<number> {
  let [latest, latestMs] = [count(), performance.now()];
  while (!isDone() && performance.now() - latestMs < SILENCE_MS) {
    await wait(1);
    if (count() === latest) continue;
    [latest, latestMs] = [count(), performance.now()];
  }
  return performance.now();
}

function parseJob(text: string): BacklogJob {
  const value: BacklogJob = JSON.parse(text);
  return value;
}
