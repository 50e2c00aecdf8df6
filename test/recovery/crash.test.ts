import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { beforeAll, expect, it } from "vitest";
import { BrokerProcess, build } from "./broker-process.ts";
import { Arrivals } from "./arrivals.ts";
import { consume, consumeSecond, Load, Numbers } from "./load.ts";
import { Tally } from "./tally.ts";

/** Crashes; the longer run sets more. */
const ROUNDS = Number(process.env["DRAGOMAN_CRASH_ROUNDS"] ?? 3);
const SHORTEST_LIFE_MS = 100;
const LONGEST_LIFE_MS = 700;
const DRAIN_MS = 30_000;

/** One in twenty is left with its consumer until the broker dies. */
const isKept = (): boolean => Math.random() < 0.05;

beforeAll(() => build(), 60_000);

it(
  "has lost nothing that was confirmed, nor brought back what was settled, whenever it is killed",
  async () => {
    const directory = mkdtempSync(join(tmpdir(), "dragoman-crash-"));
    const tally = new Tally();
    const load = new Load(tally, new Numbers());
    let broker = await BrokerProcess.start(directory, 0);
    await Load.declare(broker);
    const [atSubscriber, inSecond] = [new Arrivals(), new Arrivals()];
    const exactlyOnce = await load.mqttTwice(broker, atSubscriber);

    for (let round = 1; round <= ROUNDS; round++) {
      await Promise.all([
        load.amqp(broker),
        load.stomp(broker),
        load.mqttOnce(broker),
        consume(broker, tally, isKept),
        consumeSecond(broker, inSecond),
      ]);
      await wait(SHORTEST_LIFE_MS + Math.random() * (LONGEST_LIFE_MS - SHORTEST_LIFE_MS));
      await broker.kill();
      tally.crashed();
      broker = await BrokerProcess.start(directory, broker.port);
    }
    load.stop();
    await consume(broker, tally);
    await consumeSecond(broker, inSecond);
    const toTopic = (): string[] => [...tally.confirmedOf("mqtt-1"), ...tally.confirmedOf("mqtt-2")];
    const missing = (): string[] => [...atSubscriber.missing(toTopic()), ...inSecond.missing(toTopic())];
    for (const end = Date.now() + DRAIN_MS; Date.now() < end; await wait(20)) {
      if (tally.isComplete && missing().length === 0) break;
    }
    exactlyOnce.end(true);
    const { confirmed, settled, ...faults } = tally.findings();
    await broker.stop();
    rmSync(directory, { recursive: true });

    expect(faults).toEqual({ lost: [], returned: [], doubled: [], disordered: [] });
    expect(missing()).toEqual([]);
    expect(atSubscriber.doubled("mqtt-2")).toEqual([]);
    expect(confirmed).toBeGreaterThan(0);
    // oxlint-disable-next-line no-console -- the figures are what the longer run is for
    if (ROUNDS > 3) console.log(`${ROUNDS} crashes, ${confirmed} confirmed, ${settled} settled, no fault`);
  },
  60_000 + ROUNDS * 10_000,
);
