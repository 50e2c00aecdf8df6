import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { BrokerProcess, build } from "./broker-process.ts";
import { consume, Load, Numbers } from "./load.ts";
import { observePressure, until } from "./observe.ts";
import { SmallDisk } from "./small-disk.ts";
import { Tally } from "./tally.ts";

/** Times that the disk is filled; the longer run sets more. */
const FILLINGS = Number(process.env["DRAGOMAN_FILLINGS"] ?? 3);
const DISK_BYTES = 2 ** 27;
/** A backlog of this is too much for the disk. */
const BACKLOG_BYTES = 2 ** 24;
/** Confirmed to each protocol before the next time. */
const MORE = 20;
const PUBLISHERS = ["amqp", "stomp", "mqtt-1"];

describe.skipIf(!SmallDisk.isPossible)("a disk that is full to the last byte", () => {
  let disk: SmallDisk;

  beforeAll(() => build(), 60_000);
  beforeEach(() => void (disk = new SmallDisk(DISK_BYTES)));
  afterEach(() => disk.remove());

  it(
    "stops publishers, and does not end the broker, which goes on when there is room",
    { timeout: 120_000 + FILLINGS * 20_000 },
    async () => {
      const directory = join(disk.directory, "data");
      const tally = new Tally();
      const load = new Load(tally, new Numbers());
      // Without the mark it is the storage alone that finds the disk full.
      let broker = await BrokerProcess.start(directory, 0, { minFreeDiskBytes: 0 });
      await Load.declare(broker);
      const pressure = await observePressure(broker);
      await Promise.all([load.amqp(broker), load.stomp(broker), load.mqttOnce(broker)]);
      await consume(broker, tally);

      for (let filling = 0; filling < FILLINGS; filling++) {
        await disk.fill();
        await until(broker, () => pressure.isOn, "connection.blocked");
        await wait(100);
        const confirmed = tally.confirmedCount;
        await wait(200);
        expect(tally.confirmedCount).toBe(confirmed);

        // The library says so, and may end the process, when the system refuses it a write.
        expect(broker.complaints).toBe("");

        disk.drain();
        await until(broker, () => !pressure.isOn, "connection.unblocked");
        const before = PUBLISHERS.map((publisher) => tally.confirmedOf(publisher).length + MORE);
        const isServed = (publisher: string, index: number): boolean =>
          tally.confirmedOf(publisher).length > (before[index] ?? 0);
        await until(broker, () => PUBLISHERS.every(isServed), "confirms to all three protocols");
      }
      await disk.fill();
      await broker.kill();
      tally.crashed();

      broker = await BrokerProcess.start(directory, broker.port, { minFreeDiskBytes: 0 });
      disk.drain();
      await consume(broker, tally);
      await until(broker, () => tally.isComplete, "what was confirmed");
      const { confirmed: _confirmed, settled: _settled, ...found } = tally.findings();
      await broker.stop();
      expect(found).toEqual({ lost: [], returned: [], doubled: [], disordered: [] });
    },
  );

  it("is no reason to wait when the backlog that filled it was read", { timeout: 120_000 }, async () => {
    const minFreeDiskBytes = DISK_BYTES - BACKLOG_BYTES;
    const broker = await BrokerProcess.start(join(disk.directory, "data"), 0, { minFreeDiskBytes });
    const tally = new Tally();
    const load = new Load(tally, new Numbers());
    await Load.declare(broker);
    const pressure = await observePressure(broker);
    await Promise.all([load.amqp(broker), load.stomp(broker)]);
    await until(broker, () => pressure.isOn, "connection.blocked");

    await consume(broker, tally);
    await until(broker, () => !pressure.isOn, "connection.unblocked");
    const confirmed = tally.confirmedCount;
    await until(broker, () => tally.confirmedCount > confirmed, "confirms");
    await broker.kill();
    expect(broker.complaints).toBe("");
  });
});
