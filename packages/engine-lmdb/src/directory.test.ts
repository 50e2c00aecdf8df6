import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Message } from "@dragoman/core";
import { connectTestClient, makeTestMessage, openTestBroker, PLAIN_QUEUE } from "@dragoman/core/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { backUpDirectory } from "./backup.ts";
import { checkDirectory } from "./check.ts";
import { LmdbEngine } from "./lmdb-engine.ts";
import { Store, type Tables } from "./store.ts";

let parent: string;
let directory: string;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "dragoman-directory-"));
  directory = join(parent, "data");
});
afterEach(() => rmSync(parent, { recursive: true }));

/** A directory with two queues: three messages in one, one of which is in the other as well. */
async function fill(): Promise<void> {
  const { broker } = await openTestBroker({ engine: new LmdbEngine({ directory }) });
  const client = await connectTestClient(broker);
  for (const name of ["one", "other"]) {
    const queue = await client.declareQueue(name, { ...PLAIN_QUEUE, durable: true });
    await client.bind("amq.topic", { kind: "queue", queue }, { key: "both" });
  }
  client.publish(makeTestMessage(client, { key: "one" }, { durable: true }));
  client.publish(makeTestMessage(client, { exchange: "amq.topic", key: "both" }, { durable: true }));
  client.publish(makeTestMessage(client, { key: "one" }, { durable: true }));
  client.publish(
    makeTestMessage(client, { exchange: "amq.topic", key: "kept" }, { durable: true, retain: true }),
  );
  await broker.close();
}

describe("a data directory", () => {
  it("is refused to a second broker, which is told who has it", async () => {
    const first = new LmdbEngine({ directory });
    await first.open();

    await expect(new LmdbEngine({ directory }).open()).rejects.toMatchObject({
      code: "unavailable",
      message: `data directory '${directory}' is in use by process ${process.pid}`,
    });
    await first.close();
  });

  it("is free again after its broker has closed, or has died and left its lock behind", async () => {
    const first = new LmdbEngine({ directory });
    await first.open();
    await first.close();
    writeFileSync(join(directory, "lock"), "");
    const second = new LmdbEngine({ directory });
    await second.open();

    await expect(second.close()).resolves.toBeUndefined();
  });

  it("may have any length of name", async () => {
    directory = join(parent, "x".repeat(150), "y".repeat(150));
    const engine = new LmdbEngine({ directory });
    await engine.open();

    await expect(new LmdbEngine({ directory }).open()).rejects.toMatchObject({ code: "unavailable" });
    await engine.close();
  });

  it("is refused where none can be created", async () => {
    directory = "/proc/dragoman/data";

    await expect(new LmdbEngine({ directory }).open()).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringMatching(/^data directory '\/proc\/dragoman\/data' cannot be created: /),
    });
  });

  it.runIf(process.platform === "linux")(
    "is refused where nothing can be written, and says why",
    async () => {
      directory = "/proc/self/fd";

      await expect(new LmdbEngine({ directory }).open()).rejects.toMatchObject({
        code: "unavailable",
        message: expect.stringMatching(/^data directory '\/proc\/self\/fd' cannot be written to: E/),
      });
    },
  );

  it("is refused when another release has written it in another format", async () => {
    mkdirSync(directory);
    writeFileSync(join(directory, "format"), "2\n");

    await expect(new LmdbEngine({ directory }).open()).rejects.toMatchObject({
      code: "unavailable",
      message: `data directory '${directory}' has format 2, this release needs 3`,
    });
  });
});

/** Writes other values into one table of the data file. */
async function damage(table: keyof Tables, change: (key: Buffer, value: Buffer) => Buffer): Promise<void> {
  const store = new Store(join(directory, "dragoman.mdb"), { durability: "sync", readOnly: false });
  await store.transaction(0, (tables) => {
    for (const { key, value } of tables[table].getRange({ start: Buffer.of(0) })) {
      void tables[table].put(key, change(key, Buffer.from(value)));
    }
  });
  await store.close();
}

/** A record that keeps its name, and whose value is nothing that was ever written. */
function garbled(record: Buffer): Buffer {
  return record.fill(0xee, 4 + record.readUInt32BE(0));
}

describe("a damaged data directory", () => {
  it("is not opened when a record of a queue cannot be read, which is named", async () => {
    await fill();
    await damage("names", (key, record) => (key.toString().startsWith("queue") ? garbled(record) : record));

    await expect(openTestBroker({ engine: new LmdbEngine({ directory }) })).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringMatching(/^the stored queue '\/ one' cannot be read: /),
    });
  });

  it("is not opened when totals cannot be read, and can be opened again when they can", async () => {
    await fill();
    await damage("lanes", (_, value) => value.subarray(0, 3));

    const engine = new LmdbEngine({ directory });
    await expect(engine.open()).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringMatching(/^data directory '.*' cannot be opened: /),
    });
    await damage("lanes", () => Buffer.alloc(24));
    const other = new LmdbEngine({ directory });
    await other.open();
    await other.close();
  });

  it("says which queue has a message that cannot be read", async () => {
    await fill();
    await damage("entries", (_, value) => value.fill(0xee));
    const engine = new LmdbEngine({ directory });
    await engine.open();

    const request = { lane: 0, from: 1, maxEntries: 10, maxBytes: 1_000 };
    const reading = engine.log.open("/\0one").read({ ...request, decode: () => expect.unreachable() });
    await expect(reading).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringMatching(/^a message of queue '\/ one' from 1 on cannot be read: /),
    });
    await engine.close();
  });
});

describe("a check", () => {
  it("counts what is there and finds nothing wrong after a broker has used it", async () => {
    await fill();

    await expect(checkDirectory(directory, [])).resolves.toEqual({
      queues: 2,
      messages: 4,
      byteCount: 16,
      problems: [],
    });
  });

  it("reads messages that share their head", async () => {
    const { broker } = await openTestBroker({ engine: new LmdbEngine({ directory }) });
    const client = await connectTestClient(broker);
    await client.declareQueue("q", { ...PLAIN_QUEUE, durable: true });
    const { head, body } = makeTestMessage(client, { key: "q" }, { durable: true });
    for (let number = 0; number < 5; number++)
      client.publish(new Message({ receivedAtMs: number, body }, head));
    await broker.close();

    const { messages, problems } = await checkDirectory(directory, []);
    expect({ messages, problems }).toEqual({ messages: 5, problems: [] });
  });

  it("names what does not agree", async () => {
    await fill();
    const store = new Store(join(directory, "dragoman.mdb"), { durability: "sync", readOnly: false });
    await store.transaction(0, ({ bodies }) => {
      for (const key of bodies.getKeys({ start: Buffer.of(0) })) void bodies.remove(key);
    });
    await store.close();

    const { problems } = await checkDirectory(directory, []);

    expect(problems).toEqual([
      expect.stringMatching(/^message 2 of lane \w+ refers to 1, which is not stored$/),
      expect.stringMatching(/^message 1 of lane \w+ refers to 1, which is not stored$/),
      expect.stringMatching(/^lane \w+ should have 3 messages of 12 bytes, it has 2 of 8$/),
      expect.stringMatching(/^lane \w+ should have 1 messages of 4 bytes, it has 0 of 0$/),
    ]);
  });

  it("names what cannot be read", async () => {
    await fill();
    await damage("names", (_, record) => garbled(record));
    await damage("lanes", (_, value) => value.subarray(0, 3));
    await damage("references", (_, value) => value.subarray(0, 3));

    const { problems } = await checkDirectory(directory, []);

    const expected = [
      "the record 'queue / one'",
      "the record 'queue / other'",
      /the record 'binding .*one.*'/,
      /the record 'binding .*other.*'/,
      "the record 'retained / kept'",
      /the totals of lane \w+/,
      "how many hold message 1",
    ].map((what) => (what instanceof RegExp ? what.source : what));
    for (const what of expected) {
      expect(problems).toContainEqual(expect.stringMatching(new RegExp(`^${what} cannot be read: `)));
    }
  });

  it("is refused where the file is none of ours", async () => {
    await fill();
    writeFileSync(join(directory, "dragoman.mdb"), "x".repeat(20_000));

    await expect(checkDirectory(directory, [])).rejects.toMatchObject({ code: "unavailable" });
  });

  it("is refused while a broker runs, and where no broker ever ran", async () => {
    const engine = new LmdbEngine({ directory });
    await engine.open();

    await expect(checkDirectory(directory, [])).rejects.toMatchObject({ code: "unavailable" });
    await engine.close();
    await expect(checkDirectory(parent, [])).rejects.toMatchObject({ code: "unavailable" });
  });
});

describe("a backup", () => {
  it("is a sound data directory of its own, taken while the broker writes", async () => {
    const copy = join(parent, "copy");
    await fill();
    const engine = new LmdbEngine({ directory });
    const { broker } = await openTestBroker({ engine });
    const client = await connectTestClient(broker);
    const writes = Array.from({ length: 50 }, async () => {
      client.publish(makeTestMessage(client, { key: "one" }, { durable: true }));
      await client.vhost.durable();
    });

    await backUpDirectory(directory, copy);
    await Promise.all(writes);
    await broker.close();

    const { messages, problems } = await checkDirectory(copy, []);
    expect(problems).toEqual([]);
    expect(messages).toBeGreaterThanOrEqual(4);
  });

  it("does not touch a directory that has something in it", async () => {
    await fill();

    await expect(backUpDirectory(directory, parent)).rejects.toMatchObject({ code: "unavailable" });
    expect(readdirSync(parent)).toEqual(["data"]);
  });
});
