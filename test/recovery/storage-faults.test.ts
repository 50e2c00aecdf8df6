import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { missingProgram } from "../clients/child.ts";
import { type BrokerConditions, BrokerProcess, build } from "./broker-process.ts";
import { consume, Load, Numbers } from "./load.ts";
import { observePressure, until } from "./observe.ts";
import { Tally } from "./tally.ts";

/** Confirmed by each protocol before it is over. */
const MORE = 20;
/** A machine with other work takes its time. */
const PATIENCE_MS = 60_000;
const PUBLISHERS = ["amqp", "stomp", "mqtt-1"];

/** What goes wrong, and how; all but the first get better by themselves after a few calls. */
const faults: readonly (readonly [name: string, fault: Fault])[] = [
  ["the file may not grow", { conditions: { maxFileBytes: 2 ** 20 }, isRefusal: true }],
  ["there is no space left", { conditions: failing("pwrite64,writev:error=ENOSPC", 40), isRefusal: true }],
  ["the disk is read-only", { conditions: failing("pwrite64,writev:error=EROFS", 40), isRefusal: true }],
  ["writes end too soon", { conditions: failing("pwrite64,writev:retval=100", 40), isRefusal: false }],
  ["the disk stalls", { conditions: { fault: "fdatasync:delay_enter=8s:when=20" }, isRefusal: false }],
  ["synchronizing fails", { conditions: failing("fdatasync:error=EIO", 20), isRefusal: false }],
];

interface Fault {
  readonly conditions: BrokerConditions;
  /** The system refuses a write. The library may end the process then: see `Store.transaction`. */
  readonly isRefusal: boolean;
}

/** Two calls in a row fail. */
function failing(fault: string, first: number): BrokerConditions {
  return { fault: `${fault}:when=${first}..${first + 1}` };
}

const missing = missingProgram("strace") ?? missingProgram("prlimit");

describe.skipIf(missing !== undefined).each(faults)("when %s", (_, { conditions, isRefusal }) => {
  beforeAll(() => build(), 60_000);

  it(
    "stops publishers, serves consumers, and goes on by itself or when it is started again, losing nothing",
    { timeout: 4 * PATIENCE_MS },
    async () => {
      const directory = mkdtempSync(join(tmpdir(), "dragoman-faults-"));
      const tally = new Tally();
      let broker = await BrokerProcess.start(directory, 0);
      await Load.declare(broker);
      await broker.stop();
      broker = await BrokerProcess.start(directory, broker.port, conditions);
      try {
        await outlast(broker, tally);
      } catch (error) {
        if (!(isRefusal && (await endsSoon(broker)))) throw error;
      }
      await broker.kill();
      tally.crashed();

      broker = await BrokerProcess.start(directory, broker.port);
      await consume(broker, tally);
      await until(broker, () => tally.isComplete, "what was confirmed");
      const { confirmed: _confirmed, settled: _settled, ...found } = tally.findings();
      await broker.stop();
      rmSync(directory, { recursive: true });
      expect(found).toEqual({ lost: [], returned: [], doubled: [], disordered: [] });
    },
  );
});

/** Clients see that their connections are gone before the process is. */
async function endsSoon(broker: BrokerProcess): Promise<boolean> {
  for (let look = 0; look < 100 && !broker.hasEnded; look++) await wait(50);
  return broker.hasEnded;
}

/** Goes through the fault with publishers and consumers of a broker that is up against it. */
async function outlast(broker: BrokerProcess, tally: Tally): Promise<void> {
  const pressure = await observePressure(broker);
  const load = new Load(tally, new Numbers());
  await Promise.all([load.amqp(broker), load.stomp(broker), load.mqttOnce(broker)]);
  await until(broker, () => pressure.isOn, "connection.blocked");
  // A commit that failed is tried again after a second: nobody may be told anything until then.
  await wait(200);
  const confirmed = tally.confirmedCount;
  const delivered = tally.deliveredCount;
  const consumer = await consume(broker, tally);
  await until(broker, () => tally.deliveredCount > delivered + 50, "deliveries meanwhile");
  await wait(200);
  expect(tally.confirmedCount).toBe(confirmed);

  broker.liftFileLimit();
  await until(broker, () => !pressure.isOn, "connection.unblocked");
  const before = PUBLISHERS.map((publisher) => tally.confirmedOf(publisher).length + MORE);
  const isServed = (publisher: string, index: number): boolean =>
    tally.confirmedOf(publisher).length > (before[index] ?? 0);
  await until(broker, () => PUBLISHERS.every(isServed), "confirms to all three protocols");
  consumer.close();
}
