import { afterEach, describe, expect, it } from "vitest";
import type { Engine, LogEntry, LogRead, QueueLog } from "../engine.ts";
import { MessageDecoder } from "../message-record.ts";
import { TopicTable } from "../topic.ts";
import { makeTestEntry as entry } from "./log-entry.ts";

/** An engine under test. */
export interface EngineUnderTest {
  readonly name: string;
  /** An engine on an empty storage of its own; not opened yet. */
  readonly create: () => Engine;
  /** Another engine on the storage of one that was closed; undefined when nothing survives. */
  readonly reopen: ((former: Engine) => Engine) | undefined;
}

const topics = new TopicTable();
const decoder = new MessageDecoder([]);
const decode: LogRead["decode"] = (bytes, start, end) => decoder.decode(bytes, topics, start, end);

/** What every engine must do, whatever it stands on. */
export function describeEngine({ name, create, reopen }: EngineUnderTest): void {
  describe(`the engine ${name}`, () => {
    const opened: Engine[] = [];

    async function open(engine: Engine): Promise<Engine> {
      await engine.open();
      opened.push(engine);
      return engine;
    }

    async function restart(former: Engine): Promise<Engine> {
      opened.splice(opened.indexOf(former), 1);
      await former.close();
      if (reopen === undefined) throw new Error("this engine does not survive a restart");
      return open(reopen(former));
    }

    afterEach(async () => {
      for (const engine of opened.splice(0)) await engine.close();
    });

    it("has committed everything when nothing was written", async () => {
      const engine = await open(create());

      expect(engine.gathering).toBe(engine.committed);
    });

    it("commits what was written together as one batch, and says so once", async () => {
      const engine = await open(create());
      const batches: number[] = [];
      engine.onCommit((batch) => void batches.push(batch));
      const log = engine.log.open("q");
      log.append(entry(1, "a"));
      engine.metadata.put("session", "s", Buffer.from("x"));
      const batch = engine.gathering;

      await committed(engine);

      expect(engine.committed).toBeGreaterThanOrEqual(batch);
      expect(batches.filter((seen) => seen === batch).length).toBeLessThanOrEqual(1);
      expect(new Set(batches).size).toBe(batches.length);
    });

    it("reads entries in order, committed or not, from any position on", async () => {
      const engine = await open(create());
      const log = engine.log.open("q");
      for (let position = 1; position <= 5; position++) log.append(entry(position, `m${position}`));
      await committed(engine);
      for (let position = 6; position <= 8; position++) log.append(entry(position, `m${position}`));

      expect(await bodies(log, { from: 1 })).toEqual(["m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8"]);
      expect(await bodies(log, { from: 4 })).toEqual(["m4", "m5", "m6", "m7", "m8"]);
      expect(await bodies(log, { from: 9 })).toEqual([]);
    });

    it("reads no more entries or bytes than asked for, but at least one", async () => {
      const engine = await open(create());
      const log = engine.log.open("q");
      for (let position = 1; position <= 9; position++) log.append(entry(position, "12345"));
      await committed(engine);

      expect(await bodies(log, { maxEntries: 4 })).toHaveLength(4);
      expect(await bodies(log, { maxBytes: 1 })).toHaveLength(1);
      expect(await bodies(log, { maxBytes: 12 })).toHaveLength(3);
    });

    it("counts properties too in what it reads at once", async () => {
      const engine = await open(create());
      const log = engine.log.open("q");
      for (let position = 1; position <= 4; position++) log.append(withProperties(entry(position, "1"), 9));
      await committed(engine);

      expect(await bodies(log, { maxBytes: 20 })).toHaveLength(2);
    });

    it("keeps the lanes and queues apart", async () => {
      const engine = await open(create());
      const [one, other] = [engine.log.open("one"), engine.log.open("other")];
      one.append(entry(1, "low"));
      one.append(entry(2, "high", { lane: 9 }));
      other.append(entry(1, "else"));
      await committed(engine);

      expect(await bodies(one, { lane: 0 })).toEqual(["low"]);
      expect(await bodies(one, { lane: 9 })).toEqual(["high"]);
      expect(await bodies(other, {})).toEqual(["else"]);
    });

    it("forgets removed entries, before their commit and after", async () => {
      const engine = await open(create());
      const log = engine.log.open("q");
      const [a, b, c] = [entry(1, "a"), entry(2, "b"), entry(3, "c")];
      log.append(a);
      log.append(b);
      log.remove(a);
      expect(await bodies(log, {})).toEqual(["b"]);
      await committed(engine);
      log.append(c);
      log.remove(b);

      expect(await bodies(log, {})).toEqual(["c"]);
      await committed(engine);
      expect(await bodies(log, {})).toEqual(["c"]);
    });

    it("gives everything of an entry back", async () => {
      const engine = await open(create());
      const log = engine.log.open("q");
      const via = Buffer.of(1, 2, 3);
      log.append(entry(7, "body", { lane: 3, via, expiresAtMs: 1_900_000_000_000 }));
      await committed(engine);

      const [found] = await log.read(request({ lane: 3 }));

      expect(found).toMatchObject({
        lane: 3,
        position: 7,
        expiresAtMs: 1_900_000_000_000,
        deliveryCount: 0,
      });
      expect(Buffer.from(found?.via ?? []).equals(via)).toBe(true);
    });

    it("remembers how often an entry was delivered", async () => {
      const engine = await open(create());
      const log = engine.log.open("q");
      const [a, b] = [entry(1, "a"), entry(2, "b")];
      log.append(a);
      log.append(b);
      await committed(engine);
      log.mark({ ...b, deliveryCount: 2 });

      const counts = async (): Promise<number[]> =>
        (await log.read(request({}))).map(({ deliveryCount }) => deliveryCount);
      expect(await counts()).toEqual([0, 2]);
      await committed(engine);
      expect(await counts()).toEqual([0, 2]);
    });

    it("forgets a range at once and keeps what is around it", async () => {
      const engine = await open(create());
      const log = engine.log.open("q");
      for (let position = 1; position <= 6; position++) log.append(entry(position, `m${position}`));
      await committed(engine);
      log.append(entry(7, "m7"));

      log.removeRange({ lane: 0, first: 2, last: 7, count: 6, byteCount: 12 });
      log.append(entry(8, "m8"));

      expect(await bodies(log, {})).toEqual(["m1", "m8"]);
      await committed(engine);
      await committed(engine);
      expect(await bodies(log, {})).toEqual(["m1", "m8"]);
    });

    it("counts what is in each lane, in bytes of bodies", async () => {
      const engine = await open(create());
      const log = engine.log.open("q");
      const first = entry(1, "12");
      log.append(first);
      log.append(entry(2, "345"));
      log.append(withProperties(entry(3, "6789", { lane: 1 }), 100));
      await committed(engine);
      log.remove(first);

      const lanes = (await log.lanes()).toSorted((a, b) => a.lane - b.lane);

      expect(lanes.map(({ lane, count, byteCount, last }) => [lane, count, byteCount, last])).toEqual([
        [0, 1, 3, 2],
        [1, 1, 4, 3],
      ]);
    });

    it("knows nothing of a queue that was dropped, also under the same name", async () => {
      const engine = await open(create());
      const former = engine.log.open("q");
      former.append(entry(1, "old"));
      await committed(engine);
      former.drop();
      const log = engine.log.open("q");
      log.append(entry(1, "new"));

      expect(await bodies(log, {})).toEqual(["new"]);
      await committed(engine);
      await committed(engine);
      expect(await bodies(log, {})).toEqual(["new"]);
    });

    it("loads the records of a collection, those not committed included", async () => {
      const engine = await open(create());
      const long = "x".repeat(5_000);
      engine.metadata.put("session", "a", Buffer.from("1"));
      engine.metadata.put("session", long, Buffer.from("2"));
      engine.metadata.put("retained", "a", Buffer.from("3"));
      await committed(engine);
      engine.metadata.put("session", "a", Buffer.from("4"));
      engine.metadata.put("session", "b", Buffer.from("5"));
      engine.metadata.delete("session", "gone");

      expect(await records(engine, "session")).toEqual({ a: "4", b: "5", [long]: "2" });
      engine.metadata.delete("session", long);
      expect(await records(engine, "session")).toEqual({ a: "4", b: "5" });
      expect(await records(engine, "retained")).toEqual({ a: "3" });
      expect(await records(engine, "session", "b")).toEqual({ b: "5" });
      engine.metadata.put("session", long, Buffer.from("6"));
      await committed(engine);
      expect(await records(engine, "session", "xx")).toEqual({ [long]: "6" });
      expect(await records(engine, "session", long)).toEqual({ [long]: "6" });
    });

    it("gives a record by its name as it was last put, committed or not", async () => {
      const engine = await open(create());
      const long = "x".repeat(5_000);
      const textOf = (key: string): string | undefined => {
        const record = engine.metadata.get("session", key);
        return record && Buffer.from(record).toString();
      };
      engine.metadata.put("session", "a", Buffer.from("1"));
      engine.metadata.put("session", long, Buffer.from("2"));
      expect([textOf("a"), textOf(long), textOf("b")]).toEqual(["1", "2", undefined]);
      await committed(engine);
      expect([textOf("a"), textOf(long), textOf("b")]).toEqual(["1", "2", undefined]);
      engine.metadata.put("session", "a", Buffer.from("3"));
      engine.metadata.delete("session", long);
      expect([textOf("a"), textOf(long)]).toEqual(["3", undefined]);
      await committed(engine);
      expect([textOf("a"), textOf(long)]).toEqual(["3", undefined]);
    });

    describe.skipIf(reopen === undefined)("after a restart", () => {
      it("has what was written before it closed, in order", async () => {
        const former = await open(create());
        const log = former.log.open("q");
        const settled = entry(2, "settled");
        log.append(entry(1, "a"));
        log.append(settled);
        log.append(entry(3, "c"));
        log.append(entry(4, "d", { lane: 5 }));
        former.metadata.put("session", "s", Buffer.from("x"));
        await committed(former);
        log.remove(settled);
        log.mark({ ...entry(3, "c"), deliveryCount: 4 });

        const engine = await restart(former);

        const found = await engine.log.open("q").read(request({}));
        expect(found.map((each) => [each.position, each.deliveryCount, text(each)])).toEqual([
          [1, 0, "a"],
          [3, 4, "c"],
        ]);
        expect(await bodies(engine.log.open("q"), { lane: 5 })).toEqual(["d"]);
        expect(await records(engine, "session")).toEqual({ s: "x" });
      });

      it("goes on counting where it was, also in an empty lane", async () => {
        const former = await open(create());
        const log = former.log.open("q");
        const only = entry(41, "a");
        log.append(only);
        await committed(former);
        log.remove(only);

        const engine = await restart(former);

        expect(await engine.log.open("q").lanes()).toMatchObject([
          { lane: 0, count: 0, byteCount: 0, last: 41 },
        ]);
      });

      it("does not bring back a range or a queue that was forgotten", async () => {
        const former = await open(create());
        const [log, gone] = [former.log.open("q"), former.log.open("gone")];
        for (let position = 1; position <= 3_000; position++) {
          log.append(entry(position, "x"));
          gone.append(entry(position, "x"));
        }
        await committed(former);
        log.removeRange({ lane: 0, first: 2, last: 3_000, count: 2_999, byteCount: 2_999 });
        gone.drop();

        const engine = await restart(former);

        expect(await bodies(engine.log.open("q"), {})).toEqual(["x"]);
        expect(await bodies(engine.log.open("gone"), {})).toEqual([]);
      });

      it("has a message that went to several queues in each that has not settled it", async () => {
        const former = await open(create());
        const [one, other] = [former.log.open("one"), former.log.open("other")];
        const shared = entry(1, "shared").message;
        const mine = entry(1, "", { message: shared });
        one.append(mine);
        other.append(entry(1, "", { message: shared }));
        await committed(former);
        one.remove(mine);

        const engine = await restart(former);

        expect(await bodies(engine.log.open("one"), {})).toEqual([]);
        expect(await bodies(engine.log.open("other"), {})).toEqual(["shared"]);
      });

      it("has it also when another forgets a range with it, and is dropped with the same commit", async () => {
        const former = await open(create());
        const [one, other] = [former.log.open("one"), former.log.open("other")];
        const shared = entry(1, "shared").message;
        one.append(entry(1, "", { message: shared }));
        other.append(entry(1, "", { message: shared }));
        await committed(former);
        one.removeRange({ lane: 0, first: 1, last: 1, count: 1, byteCount: shared.byteCount });
        one.drop();

        const engine = await restart(former);

        expect(await bodies(engine.log.open("other"), {})).toEqual(["shared"]);
      });
    });
  });
}

function withProperties({ message, ...plain }: LogEntry, byteCount: number): LogEntry {
  return { ...plain, message: message.with({ raw: new Uint8Array(byteCount) }) };
}

function request(wanted: Partial<LogRead>): LogRead {
  return { lane: 0, from: 1, maxEntries: 10_000, maxBytes: 2 ** 20, decode, ...wanted };
}

async function bodies(log: QueueLog, wanted: Partial<LogRead>): Promise<string[]> {
  return (await log.read(request(wanted))).map((found) => text(found));
}

function text({ message }: LogEntry): string {
  return Buffer.from(message.body).toString("utf8");
}

async function records(
  engine: Engine,
  collection: "session" | "retained",
  prefix = "",
): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const some of engine.metadata.load(collection, prefix)) {
    for (const { name, value } of some) found[name] = Buffer.from(value).toString("utf8");
  }
  const names: string[] = [];
  for await (const some of engine.metadata.names(collection, prefix)) names.push(...some);
  expect(names.toSorted()).toEqual(Object.keys(found).toSorted());
  return found;
}

/** Resolves when everything written so far is committed. */
function committed(engine: Engine): Promise<void> {
  const batch = engine.gathering;
  if (engine.committed >= batch) return Promise.resolve();
  return new Promise((resolve) => {
    engine.onCommit((done) => {
      if (done >= batch) resolve();
    });
  });
}
