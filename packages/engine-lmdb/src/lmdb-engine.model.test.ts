// oxlint-disable vitest/no-standalone-expect -- the model below asserts on behalf of the one test
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CORE_PROPERTIES,
  type LogEntry,
  type LogRead,
  Message,
  MessageDecoder,
  TopicTable,
} from "@dragoman/core";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { backUpDirectory } from "./backup.ts";
import { checkDirectory } from "./check.ts";
import { LmdbEngine } from "./lmdb-engine.ts";
import { Store } from "./store.ts";

const QUEUES = ["a", "b", "c"];
const LANES = 2;

type Command =
  /** One message to some of the queues. */
  | { readonly type: "publish"; readonly to: readonly string[]; readonly lane: number; readonly size: number }
  | { readonly type: "remove"; readonly place: number }
  | { readonly type: "mark"; readonly place: number }
  | {
      readonly type: "forget";
      readonly queue: string;
      readonly lane: number;
      readonly places: readonly number[];
    }
  | { readonly type: "drop"; readonly queue: string }
  | { readonly type: "commit" }
  /** The next attempt to commit fails. */
  | { readonly type: "fail" }
  /** What a crash would leave is sound. */
  | { readonly type: "copy" }
  | { readonly type: "restart" };

const queue = fc.constantFrom(...QUEUES);
const lane = fc.nat(LANES - 1);
const place = fc.nat(50);
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      type: fc.constant("publish" as const),
      to: fc.subarray(QUEUES, { minLength: 1 }),
      lane,
      size: fc.constantFrom(1, 10, 3_000, 20_000),
    }),
  },
  { weight: 8, arbitrary: fc.record({ type: fc.constant("remove" as const), place }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("mark" as const), place }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant("forget" as const),
      queue,
      lane,
      places: fc.tuple(fc.nat(10), fc.nat(10)),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("drop" as const), queue }) },
  { weight: 3, arbitrary: fc.constant({ type: "commit" as const }) },
  { weight: 1, arbitrary: fc.constant({ type: "fail" as const }) },
  { weight: 1, arbitrary: fc.constant({ type: "copy" as const }) },
  { weight: 1, arbitrary: fc.constant({ type: "restart" as const }) },
);

let failuresLeft = 0;

beforeAll(() => {
  const { transaction } = Store.prototype;
  vi.spyOn(Store.prototype, "transaction").mockImplementation(function (this: Store, ...args) {
    return failuresLeft-- > 0 ? Promise.reject(new Error("EIO")) : transaction.apply(this, args);
  });
});
afterAll(() => vi.restoreAllMocks());

test("the engine has what a list has, whatever is done and whenever it is closed", async () => {
  const parent = mkdtempSync(join(tmpdir(), "dragoman-model-"));
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 60 }), async (commands) => {
      const run = await EngineRun.open(join(parent, String(++runs)));
      for (const each of commands) await run.do(each);
      await run.finish();
    }),
    { numRuns: 100 },
  );
  rmSync(parent, { recursive: true });
}, 60_000);

interface Known {
  readonly queue: string;
  readonly entry: LogEntry;
}

class EngineRun {
  readonly #directory: string;
  readonly #topics = new TopicTable();
  readonly #decoder = new MessageDecoder([]);
  #engine: LmdbEngine;
  #known: Known[] = [];
  #positions = new Map<string, number>();
  #published = 0;
  #latest: Message | undefined;
  #copies = 0;

  static async open(directory: string): Promise<EngineRun> {
    const engine = new LmdbEngine({ directory, retryMs: 1 });
    await engine.open();
    return new EngineRun(directory, engine);
  }

  private constructor(directory: string, engine: LmdbEngine) {
    this.#directory = directory;
    this.#engine = engine;
  }

  async do(wanted: Command): Promise<void> {
    switch (wanted.type) {
      case "publish":
        this.#publish(wanted);
        break;
      case "remove": {
        const known = this.#known[wanted.place % this.#known.length];
        if (known === undefined) break;
        this.#known = this.#known.filter((other) => other !== known);
        this.#engine.log.open(known.queue).remove(known.entry);
        break;
      }
      case "mark":
        this.#mark(wanted.place);
        break;
      case "forget":
        this.#forget(wanted);
        break;
      case "drop":
        this.#known = this.#known.filter((known) => known.queue !== wanted.queue);
        this.#positions.delete(wanted.queue);
        this.#engine.log.open(wanted.queue).drop();
        break;
      case "commit":
        await this.#commit();
        break;
      case "fail":
        failuresLeft = 1;
        break;
      case "copy":
        await this.#copy();
        break;
      case "restart":
        await this.#restart();
        break;
    }
    await this.#compare();
  }

  /** In the end everything can be taken out, and nothing stays behind. */
  async finish(): Promise<void> {
    await this.#restart();
    await this.#compare();
    for (const { queue: name, entry } of this.#known) this.#engine.log.open(name).remove(entry);
    this.#known = [];
    await this.#engine.close();
    const { messages, problems } = await checkDirectory(this.#directory, []);
    expect({ messages, problems }).toEqual({ messages: 0, problems: [] });
  }

  #publish({ to, lane: number, size }: Extract<Command, { type: "publish" }>): void {
    const message = this.#newMessage(Buffer.alloc(size, String(++this.#published)));
    for (const name of to) {
      const position = (this.#positions.get(name) ?? 0) + 1;
      this.#positions.set(name, position);
      const rest = { via: undefined, expiresAtMs: undefined, deliveryCount: 0, reference: 0 };
      const entry: LogEntry = { lane: number, position, message, ...rest };
      this.#engine.log.open(name).append(entry);
      this.#known.push({ queue: name, entry });
    }
  }

  /** Most have the head of the one before. */
  #newMessage(body: Buffer): Message {
    const latest = this.#latest;
    if (latest !== undefined && this.#published % 4 > 0) {
      return (this.#latest = new Message({ receivedAtMs: 1, body }, latest.head));
    }
    return (this.#latest = new Message({
      exchange: "amq.topic",
      topic: this.#topics.fromPath("a/b"),
      body,
      publisher: { protocol: "core", version: "1", connectionId: "c", clientId: "c", user: "u", peer: "p" },
      receivedAtMs: 1,
      durable: true,
      codec: CORE_PROPERTIES,
      raw: new Uint8Array(),
    }));
  }

  #mark(at: number): void {
    const known = this.#known[at % this.#known.length];
    if (known === undefined) return;
    const entry = { ...known.entry, deliveryCount: known.entry.deliveryCount + 1 };
    // The engine may be about to write the former object: what it makes of it must be seen in this one.
    Object.defineProperty(entry, "reference", {
      get: () => known.entry.reference,
      set(reference: number) {
        known.entry.reference = reference;
      },
    });
    this.#known = this.#known.map((other) => (other === known ? { ...known, entry } : other));
    this.#engine.log.open(known.queue).mark(entry);
  }

  #forget({ queue: name, lane: number, places }: Extract<Command, { type: "forget" }>): void {
    const first = Math.min(...places) + 1;
    const end = Math.max(...places) + 1;
    const gone = this.#known.filter(
      ({ queue: of, entry }) =>
        of === name && entry.lane === number && entry.position >= first && entry.position <= end,
    );
    if (gone.length === 0) return;
    const last = Math.max(...gone.map(({ entry }) => entry.position));
    const byteCount = gone.reduce((sum, { entry }) => sum + entry.message.byteCount, 0);
    this.#known = this.#known.filter((known) => !gone.includes(known));
    this.#engine.log.open(name).removeRange({ lane: number, first, last, count: gone.length, byteCount });
  }

  #commit(): Promise<void> {
    const batch = this.#engine.gathering;
    if (batch <= this.#engine.committed) return Promise.resolve();
    return new Promise((resolve) => {
      this.#engine.onCommit((done) => {
        if (done >= batch) resolve();
      });
    });
  }

  async #copy(): Promise<void> {
    const copy = `${this.#directory}-${++this.#copies}`;
    await backUpDirectory(this.#directory, copy);
    expect((await checkDirectory(copy, [])).problems).toEqual([]);
    rmSync(copy, { recursive: true });
  }

  /** Afterwards the entries are those that the engine gives back. */
  async #restart(): Promise<void> {
    failuresLeft = 0;
    await this.#engine.close();
    this.#engine = new LmdbEngine({ directory: this.#directory, retryMs: 1 });
    await this.#engine.open();
    const found: Known[] = [];
    for (const name of QUEUES) {
      for (let number = 0; number < LANES; number++) {
        for (const entry of await this.#read(name, number)) found.push({ queue: name, entry });
      }
    }
    expect(found.map(shown).toSorted()).toEqual(this.#known.map(shown).toSorted());
    this.#known = found;
  }

  async #compare(): Promise<void> {
    for (const name of QUEUES) {
      const lanes = await this.#engine.log.open(name).lanes();
      for (let number = 0; number < LANES; number++) {
        const wanted = this.#known.filter(({ queue: of, entry }) => of === name && entry.lane === number);
        const found = await this.#read(name, number);
        expect(found.map((entry) => shown({ queue: name, entry }))).toEqual(
          wanted.toSorted((a, b) => a.entry.position - b.entry.position).map(shown),
        );
        const total = lanes.find((range) => range.lane === number) ?? { count: 0, byteCount: 0 };
        expect(total.count).toBe(wanted.length);
        expect(total.byteCount).toBe(wanted.reduce((sum, { entry }) => sum + entry.message.byteCount, 0));
      }
    }
  }

  #read(name: string, number: number): Promise<readonly LogEntry[]> {
    const decode: LogRead["decode"] = (bytes, start, end) =>
      this.#decoder.decode(bytes, this.#topics, start, end);
    const all = { maxEntries: Infinity, maxBytes: Infinity };
    return this.#engine.log.open(name).read({ lane: number, from: 1, ...all, decode });
  }
}

function shown({ queue: name, entry }: Known): string {
  const body = Buffer.from(entry.message.body);
  return `${name} ${entry.lane} ${entry.position} ${entry.deliveryCount} ${body.length} ${body.subarray(0, 8).toString()}`;
}
