import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { type LogEntry, MessageDecoder, TopicTable } from "@dragoman/core";
import { checkDirectory, LmdbEngine } from "@dragoman/engine-lmdb";
import { stompPropertyCodecs } from "@dragoman/stomp";
import { beforeAll, describe, expect, it } from "vitest";
import { missingProgram } from "../clients/child.ts";
import { BrokerProcess, build } from "./broker-process.ts";
import { DiskTrace } from "./disk-trace.ts";
import { consume, Load, Numbers, QUEUE } from "./load.ts";
import { Tally } from "./tally.ts";

/** Moments at which the power fails; the longer run sets more. */
const LOSSES = Number(process.env["DRAGOMAN_POWER_LOSSES"] ?? 60);
const DATA_FILE = "dragoman.mdb";
const LOAD_MS = 700;
/** Every third message is never settled. */
const isKept = (name: string): boolean => Number(name.split(" ")[1]) % 3 === 0;

const missing = missingProgram("strace");

describe.skipIf(missing !== undefined)("when the power fails", () => {
  beforeAll(() => build(), 60_000);

  it("has what was confirmed and not what was settled, whatever the disk made of the rest", async () => {
    const parent = mkdtempSync(join(tmpdir(), "dragoman-power-"));
    const origin = join(parent, "origin");
    const trace = await traceLoad(parent, origin);
    const told = receiptsOf(trace);
    expect(told.length).toBeGreaterThan(10);

    for (let loss = 1; loss <= LOSSES; loss++) {
      const first = told[0]?.moment ?? 0;
      const moment = first + 1 + Math.floor(Math.random() * (trace.end - first));
      // All of what was on its way, nothing of it, and anything between.
      const share = [0, 1, Math.random()][loss % 3] ?? 0;
      const directory = join(parent, String(loss));
      mkdirSync(directory);
      copyFileSync(join(origin, "format"), join(directory, "format"));
      writeFileSync(
        join(directory, DATA_FILE),
        trace.imageAt(moment, () => Math.random() < share),
      );

      const { problems } = await checkDirectory(directory, stompPropertyCodecs);
      expect(problems).toEqual([]);
      const found = await numbersIn(directory);
      const isThere = new Set(found);
      const before = told.filter((each) => each.moment < moment);
      const lost = before.filter(
        ({ what, number }) => what === "published" && number % 3 === 0 && !isThere.has(number),
      );
      const returned = before.filter(({ what, number }) => what === "settled" && isThere.has(number));
      expect(found).toEqual([...isThere].toSorted((one, other) => one - other));
      expect({ lost, returned }).toEqual({ lost: [], returned: [] });
      rmSync(directory, { recursive: true });
    }
    rmSync(parent, { recursive: true });
    // oxlint-disable-next-line no-console -- the figures are what the longer run is for
    if (LOSSES > 60) console.log(`${LOSSES} losses of power, ${told.length} receipts, no fault`);
  }, 120_000);
});

/** A broker under load, killed, and everything that it wrote. */
async function traceLoad(parent: string, directory: string): Promise<DiskTrace> {
  const traceFile = join(parent, "trace");
  const broker = await BrokerProcess.start(directory, 0, { traceFile });
  const tally = new Tally();
  const load = new Load(tally, new Numbers());
  await Load.declare(broker);
  await Promise.all([load.stomp(broker), consume(broker, tally, isKept)]);
  await wait(LOAD_MS);
  await broker.kill();
  return await DiskTrace.read(traceFile, DATA_FILE);
}

/** What the broker has confirmed to somebody, and when it began to say so. */
interface Told {
  readonly moment: number;
  readonly what: "published" | "settled";
  readonly number: number;
}

/** A receipt is the number of what was published, or the whole name of what was settled. */
function receiptsOf({ sent }: DiskTrace): Told[] {
  const pattern = /RECEIPT\nreceipt-id:(stomp )?(\d+)\n/g;
  return sent.flatMap(({ moment, bytes }) =>
    Array.from(bytes.toString("latin1").matchAll(pattern), ([, name, number]) => ({
      moment,
      what: name === undefined ? "published" : "settled",
      number: Number(number),
    })),
  );
}

/** The numbers of the messages in the queue, in its order. */
async function numbersIn(directory: string): Promise<number[]> {
  const engine = new LmdbEngine({ directory });
  await engine.open();
  const [decoder, topics] = [new MessageDecoder(stompPropertyCodecs), new TopicTable()];
  const entries: readonly LogEntry[] = await engine.log.open(`/\0${QUEUE}`).read({
    lane: 0,
    from: 1,
    maxEntries: Infinity,
    maxBytes: Infinity,
    decode: (bytes, start, end) => decoder.decode(bytes, topics, start, end),
  });
  const numbers = entries.map(({ message }) => Number(Buffer.from(message.body).toString().split(" ")[1]));
  await engine.close();
  return numbers;
}
