import { setImmediate as nextTurn, setTimeout as wait } from "node:timers/promises";
import type { Flow, Job, Outcome } from "../flow.ts";
import { spell } from "../wire/address.ts";
import { openPublisher, portOf } from "../wire/open-publisher.ts";
import { openSubscriber } from "../wire/open-subscriber.ts";
import { declareQueue, openAmqp } from "../wire/amqp.ts";
import { openMqtt, subscribeMqtt } from "../wire/mqtt.ts";
import { churn, openOthers } from "./bystanders.ts";
import { Commits } from "./commits.ts";
import { percentiles } from "./percentiles.ts";
import { processorTimeUs, residentBytes } from "./process-cost.ts";
import { Publisher } from "./publisher.ts";
import { Tally, Traffic } from "./tally.ts";

/** To ask for the time of every message would cost more than the message, where many are in one write. */
const SAMPLED_OF_BATCHES = 256;

/** Drives one flow against a broker and says what it cost. */
export async function runFlow(flow: Flow, job: Job): Promise<Outcome> {
  const traffic = new Traffic(flow.publishers, flow.batch === 1 ? 1 : SAMPLED_OF_BATCHES);
  const load = new Load(traffic);
  const commits = await Commits.watch(job);
  await openOthers(flow, job);
  if (flow.backlog !== undefined) await pileUp(flow.backlog, flow, job, traffic, load);
  if (flow.subscribers === 0) await declarePlace(flow, job);
  const tallies = await openSubscribers(flow, job, traffic, load);
  if (flow.backlog === undefined) await openPublishers(flow, job, traffic, load);
  const stop = flow.ratePerSecond === undefined ? load.saturate() : load.pace(flow.ratePerSecond);
  await wait(job.warmUpMs);

  const isFill = flow.subscribers === 0;
  const done = (): number => (isFill ? load.confirmed : traffic.delivered);
  commits.restart();
  const cost = new Measurement(job.pid, traffic, done);
  const tenths = flow.churnPerSecond === undefined ? [] : await watchChurn(flow.churnPerSecond, job, traffic);
  if (tenths.length === 0) await wait(job.measureMs);
  const measured = cost.end();
  const commitsPerSecond = commits.perSecond;

  stop();
  await settle(done);
  const publishers = [...traffic.sent.keys()];
  return {
    ...measured,
    latencyUs: percentiles(traffic.latenciesMs),
    ...(tenths.length === 0 ? {} : { tenths }),
    ...(commitsPerSecond === undefined ? {} : { commitsPerSecond }),
    peakBytes: residentBytes(job.pid).peak,
    lost: isFill
      ? load.sent - load.confirmed
      : sum(tallies, (tally, i) => tally.lost(flow.reach === "pairs" ? [i] : publishers)),
    duplicated: sum(tallies, (tally) => tally.duplicated),
    outOfOrder: sum(tallies, (tally) => tally.outOfOrder),
  };
}

/** Measures tenth by tenth while clients come and go: what grows from one to the next grows without end. */
async function watchChurn(
  perSecond: number,
  job: Job,
  traffic: Traffic,
): Promise<NonNullable<Outcome["tenths"]>> {
  const stop = churn(portOf(job.ports, "mqtt"), perSecond);
  const tenths = [];
  for (let tenth = 0; tenth < 10; tenth++) {
    const from = traffic.latenciesMs.length;
    await wait(job.measureMs / 10);
    const p99Us = percentiles(traffic.latenciesMs.slice(from)).p99;
    tenths.push({ residentBytes: residentBytes(job.pid).now, p99Us });
  }
  stop();
  return tenths;
}

/** What is counted between two moments. */
class Measurement {
  readonly #pid: number;
  readonly #traffic: Traffic;
  readonly #done: () => number;
  readonly #doneBefore: number;
  readonly #cpuUs: number;
  readonly #own: NodeJS.CpuUsage = process.cpuUsage();
  readonly #startMs: number = performance.now();

  /** @param done what counts */
  constructor(pid: number, traffic: Traffic, done: () => number) {
    this.#pid = pid;
    this.#traffic = traffic;
    this.#done = done;
    this.#doneBefore = done();
    this.#cpuUs = processorTimeUs(pid);
    traffic.isMeasuring = true;
  }

  end(): Pick<Outcome, "delivered" | "seconds" | "serverCpuUs" | "generatorLoad"> {
    const seconds = (performance.now() - this.#startMs) / 1000;
    const own = process.cpuUsage(this.#own);
    this.#traffic.isMeasuring = false;
    return {
      delivered: this.#done() - this.#doneBefore,
      seconds,
      serverCpuUs: processorTimeUs(this.#pid) - this.#cpuUs,
      generatorLoad: (own.user + own.system) / 1e6 / seconds,
    };
  }
}

/** The publishers of one flow, driven by what comes back. */
class Load {
  readonly publishers: Publisher[] = [];
  readonly #traffic: Traffic;
  #isPumpDue = false;
  #isSaturating = false;

  constructor(traffic: Traffic) {
    this.#traffic = traffic;
  }

  get sent(): number {
    return this.publishers.reduce((total, { sent }) => total + sent, 0);
  }

  get confirmed(): number {
    return this.publishers.reduce((total, { confirmed }) => total + confirmed, 0);
  }

  /** Something came back: windows may have opened. All are looked at once in a turn of the loop. */
  readonly heard = (): void => {
    if (this.#isPumpDue || !this.#isSaturating) return;
    this.#isPumpDue = true;
    setImmediate(() => {
      this.#isPumpDue = false;
      for (const publisher of this.publishers) publisher.pump();
    });
  };

  /** Keeps every window full. */
  saturate(): () => void {
    this.#isSaturating = true;
    this.heard();
    let before = -1;
    const watch = setInterval(() => {
      const passed = this.#traffic.delivered + this.confirmed;
      if (passed === before) for (const publisher of this.publishers) publisher.writeOff();
      before = passed;
      this.heard();
    }, STALL_MS);
    return () => {
      clearInterval(watch);
      for (const publisher of this.publishers) publisher.isStopped = true;
    };
  }

  /** Sends one message after the other when it is due; the generator's core is never idle meanwhile. */
  pace(ratePerSecond: number): () => void {
    let isRunning = true;
    let next = 0;
    const startMs = performance.now();
    let due = startMs;
    const turn = (): void => {
      const now = performance.now();
      while (due <= now) {
        this.publishers[next % this.publishers.length]?.sendDue(due);
        due = startMs + (++next * 1000) / ratePerSecond;
      }
      if (isRunning) setImmediate(turn);
    };
    turn();
    return () => {
      isRunning = false;
    };
  }
}

/** Nothing for that long is a loss, not a delay. */
const STALL_MS = 2000;

async function openSubscribers(flow: Flow, job: Job, traffic: Traffic, load: Load): Promise<Tally[]> {
  const tallies: Tally[] = [];
  const heard = flow.ratePerSecond === undefined ? load.heard : () => {};
  for (let i = 0; i < flow.subscribers; i++) {
    const tally = new Tally(traffic);
    tallies.push(tally);
    const place = { topic: subscribedTopic(flow, i), bodyBytes: flow.bodyBytes, tally, heard };
    await openSubscriber(flow, job.ports, i, place);
  }
  return tallies;
}

async function openPublishers(flow: Flow, job: Job, traffic: Traffic, load: Load): Promise<void> {
  const receivers = flow.reach === "pairs" ? 1 : flow.subscribers;
  for (let number = 0; number < flow.publishers; number++) {
    const topics = publishedTopics(flow, number);
    const wire = await openPublisher(flow, job.ports, number, load.heard);
    const { bodyBytes, batch } = flow;
    const window = flow.window + (flow.backlog ?? 0);
    load.publishers.push(
      new Publisher(wire, traffic, { number, topics, bodyBytes, window, batch, receivers }),
    );
  }
}

/** Where publisher `number` sends. Distinct topics are levels below the pair's own. */
function publishedTopics(flow: Flow, number: number): string[] {
  const { topics = 1, from, reach } = flow;
  const topic = spell(flow, from.protocol, reach === "pairs" ? number : 0);
  if (topics === 1) return [topic];
  return Array.from({ length: topics }, (_, i) => `${topic}/${String(i).padStart(6, "0")}`);
}

function subscribedTopic(flow: Flow, number: number): string {
  const topic = spell(flow, flow.to.protocol, flow.reach === "pairs" ? number : 0);
  return (flow.topics ?? 1) > 1 ? `${topic}/#` : topic;
}

/** What gathers everything where nobody subscribes: a durable queue, or the kept session of a client that is away. */
async function declarePlace(flow: Flow, { ports }: Job): Promise<void> {
  const place = spell(flow, flow.to.protocol, 0);
  const isMqtt = flow.to.protocol === "mqtt";
  const link = isMqtt
    ? await openMqtt(portOf(ports, "mqtt"), { clientId: "away", version: 4, durable: true, webSocket: false })
    : await openAmqp(portOf(ports, "amqp"), false);
  if (isMqtt) await subscribeMqtt(link, [place], 1, 4);
  else await declareQueue(link, place, true);
  link.close();
}

/** Fills the queue that is to be consumed from. */
async function pileUp(count: number, flow: Flow, job: Job, traffic: Traffic, load: Load): Promise<void> {
  const link = await openAmqp(portOf(job.ports, "amqp"), false);
  await declareQueue(link, spell(flow, "amqp", 0), false);
  link.close();
  await openPublishers(flow, job, traffic, load);
  for (const publisher of load.publishers) await publisher.fill(count);
}

/** Longer than a commit to a busy disk takes. */
const SILENCE_MS = 500;

/** Waits until nothing has come for a while. */
async function settle(done: () => number): Promise<void> {
  let before = -1;
  while (done() !== before) {
    before = done();
    await wait(SILENCE_MS);
    await nextTurn();
  }
}

function sum(tallies: readonly Tally[], value: (tally: Tally, i: number) => number): number {
  return tallies.reduce((total, tally, i) => total + value(tally, i), 0);
}
