import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { connect } from "amqplib";
import { beforeAll, describe, expect, it } from "vitest";
import { missingProgram } from "../clients/child.ts";
import { within } from "../clients/inbox.ts";
import { BrokerProcess, build } from "./broker-process.ts";
import { consume, Load, Numbers, QUEUE } from "./load.ts";
import { Tally } from "./tally.ts";

const ROOM_BYTES = 2 ** 20;
const MORE = 500;

describe.skipIf(missingProgram("prlimit") !== undefined)("when the disk is full", () => {
  beforeAll(() => build(), 60_000);

  it("stops publishers, serves consumers, and goes on by itself when there is room, losing nothing", async () => {
    const directory = mkdtempSync(join(tmpdir(), "dragoman-full-"));
    const tally = new Tally();
    const load = new Load(tally, new Numbers());
    let broker = await BrokerProcess.start(directory, 0, { maxFileBytes: ROOM_BYTES });
    await Load.declare(broker);
    const observer = await connect(broker.url("amqp"));
    observer.on("error", () => undefined);
    const blocked = new Promise<void>((resolve) => void observer.once("blocked", () => resolve()));
    const unblocked = new Promise<void>((resolve) => void observer.once("unblocked", () => resolve()));
    (await observer.createChannel()).publish("", "nowhere", Buffer.of(1));

    await Promise.all([load.amqp(broker), load.stomp(broker), load.mqttOnce(broker)]);
    await within(blocked, "connection.blocked", 20_000);
    const confirmed = tally.confirmedCount;
    const consumer = await consume(broker, tally);
    await until(() => tally.deliveredCount > 100, "deliveries while the disk is full");
    expect(tally.confirmedCount).toBe(confirmed);

    broker.liftFileLimit();
    await within(unblocked, "connection.unblocked", 20_000);
    await until(() => tally.confirmedCount > confirmed + MORE, "confirms when there is room again");
    await broker.kill();
    consumer.close();
    tally.crashed();

    broker = await BrokerProcess.start(directory, broker.port);
    await consume(broker, tally);
    await until(() => tally.isComplete, `what was confirmed in '${QUEUE}'`);
    const { confirmed: _, settled: __, ...faults } = tally.findings();
    await broker.stop();
    rmSync(directory, { recursive: true });
    expect(faults).toEqual({ lost: [], returned: [], doubled: [], disordered: [] });
  }, 90_000);
});

async function until(isMet: () => boolean, what: string): Promise<void> {
  for (const end = Date.now() + 20_000; !isMet(); await wait(5)) {
    if (Date.now() > end) throw new Error(`waited for ${what}`);
  }
}
