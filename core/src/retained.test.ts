import fc from "fast-check";
import { expect, test } from "vitest";
import type { Client } from "./client.ts";
import { BrokerError } from "./errors.ts";
import { MemoryEngine } from "./memory-engine.ts";
import type { Message } from "./message.ts";
import { patterns, topics } from "./pattern.arbitraries.ts";
import { makePattern, MANY, matchesPattern } from "./pattern.ts";
import { type RetainedHost, RetainedStore } from "./retained.ts";
import { connectTestClient, makeTestMessage, openTestBroker } from "./testing/index.ts";
import { Topic } from "./topic.ts";

const EVERYTHING = makePattern([MANY], false);
const HOST: RetainedHost = {
  now: () => 0,
  decodeMessage: () => {
    throw new Error("nothing was restored");
  },
};

test("the store finds what each topic's last message and the pattern say, after any sets and clears", async () => {
  const client = await openClient();
  const sets = fc.array(fc.record({ topic: topics, isClear: fc.boolean() }), { maxLength: 30 });
  fc.assert(
    fc.property(sets, fc.array(patterns, { minLength: 1, maxLength: 5 }), (steps, asked) => {
      const store = new RetainedStore("/", new MemoryEngine().metadata, HOST);
      const model = new Map<string, Message>();
      for (const { topic, isClear } of steps) {
        const message = retained(client, topic, isClear ? "" : "x");
        store.set(message);
        if (isClear) model.delete(topic.path);
        else model.set(topic.path, message);
      }
      expect(store.count).toBe(model.size);
      for (const pattern of asked) {
        const want = [...model.values()].filter(({ topic }) => matchesPattern(pattern, topic));
        expect(pathsOf(store.match(pattern))).toEqual(pathsOf(want));
      }
    }),
    { numRuns: 500 },
  );
});

test("a wildcard that stands for no level does not uncover reserved topics either [MQTT-4.7.2-1]", async () => {
  const client = await openClient();
  const store = new RetainedStore("/", new MemoryEngine().metadata, HOST);
  store.set(retained(client, new Topic("$SYS/a"), "x"));
  expect(store.match(makePattern([MANY, "$SYS", "a"], true))).toEqual([]);
  expect(store.match(makePattern([MANY, "$SYS", "a"], false))).toHaveLength(1);
  expect(store.match(makePattern(["$SYS", "a"], true))).toHaveLength(1);
});

test("an expired message is not found and makes room", async () => {
  const client = await openClient();
  let nowMs = 0;
  const store = new RetainedStore("/", new MemoryEngine().metadata, { ...HOST, now: () => nowMs });
  store.set(retained(client, new Topic("a/b"), "x").with({ expiresAtMs: 10 }));
  store.set(retained(client, new Topic("a"), "x"));
  nowMs = 10;

  expect(pathsOf(store.match(EVERYTHING))).toEqual(["a"]);
  expect(store.count).toBe(1);
});

test("messages come oldest first", async () => {
  const client = await openClient();
  const store = new RetainedStore("/", new MemoryEngine().metadata, HOST);
  for (const [path, receivedAtMs] of [
    ["c", 3],
    ["a", 1],
    ["b", 2],
  ] as const) {
    store.set(retained(client, new Topic(path), "x").with({ receivedAtMs }));
  }

  expect(store.match(EVERYTHING).map(({ topic }) => topic.path)).toEqual(["a", "b", "c"]);
});

test("a walk goes in steps past what changes meanwhile, and finds the rest once", async () => {
  const client = await openClient();
  const store = new RetainedStore("/", new MemoryEngine().metadata, HOST);
  const paths = Array.from({ length: 100 }, (_, index) => `${index % 10}/${index}`);
  for (const path of paths) store.set(retained(client, new Topic(path), "old"));
  const walk = store.walk(EVERYTHING);
  const found: Message[] = [];
  const take = (message: Message): void => void found.push(message);

  expect(walk.read(30, take)).toBe(30);
  const early = found.map(({ topic }) => topic.path);
  const [seen, ...unseen] = [early[0] ?? "", ...paths.filter((path) => !early.includes(path))];
  store.set(retained(client, new Topic(unseen[0] ?? ""), "new"));
  store.set(retained(client, new Topic(unseen[1] ?? ""), ""));
  store.set(retained(client, new Topic(seen), "new"));
  store.set(retained(client, new Topic("1/2/3"), "new"));
  for (const path of unseen.slice(2, 40)) store.set(retained(client, new Topic(`${path}/below`), "new"));
  expect(found.map((message) => walk.isCurrent(message))).toEqual(early.map((path) => path !== seen));
  while (walk.read(7, take) === 7 || !walk.isOver);

  expect(pathsOf(found)).toEqual([...early, ...unseen.slice(2)].toSorted());
  expect(found.map((message) => walk.isCurrent(message))).toEqual(
    found.map(({ topic }) => topic.path !== seen),
  );
});

test("a walk goes on where the storage failed", async () => {
  const client = await openClient();
  let isBroken = true;
  const { metadata } = new MemoryEngine();
  const message = retained(client, new Topic("a"), "x");
  const store = new RetainedStore("v", metadata, { ...HOST, decodeMessage: () => message });
  metadata.put("retained", "v\0a", Buffer.of(7));
  const get = metadata.get.bind(metadata);
  Object.assign(metadata, {
    get: (...of: Parameters<typeof get>) => {
      if (isBroken) throw new BrokerError("unavailable", "the storage failed");
      return get(...of);
    },
  });
  store.restore("a");
  const walk = store.walk(EVERYTHING);
  const found: Message[] = [];

  expect(() => walk.read(10, (one) => void found.push(one))).toThrow(BrokerError);
  isBroken = false;
  walk.read(10, (one) => void found.push(one));
  expect([found, walk.isOver]).toEqual([[message], true]);
});

test("only durable messages are written down; one that is not takes the former's record away", async () => {
  const client = await openClient();
  const { metadata } = new MemoryEngine();
  const store = new RetainedStore("v", metadata, HOST);
  const keys = async (): Promise<string[]> => {
    const found: string[] = [];
    for await (const some of metadata.names("retained", "")) found.push(...some);
    return found;
  };

  store.set(retained(client, new Topic("a"), "x").with({ durable: true }));
  store.set(retained(client, new Topic("b"), "x"));
  expect(await keys()).toEqual(["v\0a"]);
  store.set(retained(client, new Topic("a"), "x"));
  expect(await keys()).toEqual([]);
  store.set(retained(client, new Topic("c"), "x").with({ durable: true }));
  store.set(retained(client, new Topic("c"), ""));
  expect(await keys()).toEqual([]);
});

test("what was not written down is not deleted from there either: nobody waits for the disk", async () => {
  const client = await openClient();
  const deleted: string[] = [];
  const metadata = Object.assign(new MemoryEngine().metadata, {
    delete: (_collection: string, key: string) => void deleted.push(key),
  });
  const store = new RetainedStore("v", metadata, HOST);
  for (const [path, durable] of [
    ["a", false],
    ["b", true],
  ] as const) {
    store.set(retained(client, new Topic(path), "x").with({ durable }));
    store.set(retained(client, new Topic(path), ""));
  }

  expect(deleted).toEqual(["v\0b"]);
});

test("a durable message is read when somebody asks for its topic, not before", async () => {
  const client = await openClient();
  const { metadata } = new MemoryEngine();
  const decoded: number[] = [];
  const message = retained(client, new Topic("a/b"), "x");
  const store = new RetainedStore("v", metadata, {
    ...HOST,
    decodeMessage: (record) => (decoded.push(...record), message),
  });
  metadata.put("retained", "v\0a/b", Buffer.of(7));
  store.restore("a/b");
  store.restore("c");

  expect(store.count).toBe(2);
  expect(decoded).toEqual([]);
  expect(store.match(makePattern(["a", MANY], false))).toEqual([message]);
  expect(decoded).toEqual([7]);
});

test("a message is held until another takes its place, durable or not", async () => {
  const client = await openClient();
  const store = new RetainedStore("/", new MemoryEngine().metadata, {
    ...HOST,
    decodeMessage: (record) => client.vhost.decodeMessage(record),
  });
  for (const durable of [false, true]) {
    const [first, second] = ["1", "2"].map((text) =>
      retained(client, new Topic("a"), text).with({ durable }),
    );
    if (first === undefined || second === undefined) throw new Error("two messages");
    store.set(first);
    expect(store.holds(first)).toBe(true);
    store.set(second);
    expect([store.holds(first), store.holds(second)]).toEqual([false, true]);
    store.set(retained(client, new Topic("a"), ""));
    expect(store.holds(second)).toBe(false);
  }
});

test("what lies below a cleared topic stays, and what lies above", async () => {
  const client = await openClient();
  const store = new RetainedStore("/", new MemoryEngine().metadata, HOST);
  for (const path of ["a", "a/b", "a/b/c", "a/b/d"]) store.set(retained(client, new Topic(path), "x"));
  store.set(retained(client, new Topic("a/b"), ""));
  expect(pathsOf(store.match(EVERYTHING))).toEqual(["a", "a/b/c", "a/b/d"]);
  store.set(retained(client, new Topic("a/b/c"), ""));
  store.set(retained(client, new Topic("a/b/d"), ""));
  expect(pathsOf(store.match(EVERYTHING))).toEqual(["a"]);
});

test("topics as deep as a packet can make them are no danger to the stack", async () => {
  const client = await openClient();
  const store = new RetainedStore("/", new MemoryEngine().metadata, HOST);
  const deep = new Topic("/".repeat(64_999));
  store.set(retained(client, deep, "x"));

  expect(store.match(EVERYTHING)).toHaveLength(1);
  expect(store.match(makePattern([MANY, MANY], false))).toHaveLength(1);
  store.set(retained(client, deep, ""));
  expect(store.count).toBe(0);
});

async function openClient(): Promise<Client> {
  return connectTestClient((await openTestBroker()).broker);
}

function retained(client: Client, topic: Topic, text: string): Message {
  return makeTestMessage(client, { exchange: "amq.topic", key: "", text }, { topic, retain: true });
}

function pathsOf(messages: readonly Message[]): string[] {
  return messages.map(({ topic }) => topic.path).toSorted();
}
