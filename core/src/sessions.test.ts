import { describe, expect, test } from "vitest";
import { TOPIC_SPACE } from "./address.ts";
import type { Client } from "./client.ts";
import { MemoryEngine } from "./memory-engine.ts";
import type { SessionHolder } from "./session.ts";
import {
  connectTestClient,
  FakeClock,
  makeTestMessage,
  openTestBroker,
  PLAIN_QUEUE,
} from "./testing/index.ts";
import type { Will } from "./will.ts";

const DAY_MS = 24 * 60 * 60 * 1_000;

describe("a session", () => {
  test("that is kept is there again for the same client, until its time is up", async () => {
    const { client, clock } = await open();
    const { sessions } = client.vhost;
    const queue = await client.declareQueue("mqtt.a", { ...PLAIN_QUEUE, durable: true });
    const first = holder();
    const opened = sessions.open("a", first, { resume: true, expiryMs: 1_000 });
    opened.session.queue = queue;
    sessions.leave(opened.session, first, false);
    clock.advance(999);
    const second = holder();
    const resumed = sessions.open("a", second, { resume: true, expiryMs: 1_000 });
    expect([opened.isPresent, resumed.isPresent, resumed.session]).toEqual([false, true, opened.session]);

    clock.advance(DAY_MS);
    expect(sessions.get("a")).toBe(resumed.session);
    sessions.leave(resumed.session, second, false);
    clock.advance(1_000);
    expect([sessions.count, queue.isDeleted]).toEqual([0, true]);
  });

  test("of one user is neither continued nor ended by another, connected or not, nor after a restart", async () => {
    const engine = new MemoryEngine();
    const { client, clock } = await open({ engine });
    const { sessions } = client.vhost;
    const first = holder();
    const { session } = sessions.open("a", first, { resume: true, expiryMs: DAY_MS, user: "alice" });
    const attempt = (resume: boolean) => () =>
      sessions.open("a", holder(), { resume, expiryMs: 0, user: "mallory" });
    expect(attempt(true)).toThrow("belongs to another user");
    expect(session.holder).toBe(first);
    sessions.leave(session, first, false);
    expect(attempt(false)).toThrow("belongs to another user");

    const again = (await openTestBroker({ engine, clock })).broker.virtualHost("/").sessions;
    expect(() => again.open("a", holder(), { resume: true, expiryMs: 0, user: "mallory" })).toThrow(
      "another user",
    );
    expect(again.open("a", holder(), { resume: true, expiryMs: 0, user: "alice" }).isPresent).toBe(true);
  });

  test("that is not kept ends with its connection", async () => {
    const { client } = await open();
    const { sessions } = client.vhost;
    const only = holder();
    const { session } = sessions.open("a", only, { resume: true, expiryMs: 0 });
    sessions.leave(session, only, true);
    expect(sessions.get("a")).toBeUndefined();
  });

  test("that shall start anew ends what was kept under its name", async () => {
    const { client } = await open();
    const { sessions } = client.vhost;
    const old = await client.declareQueue("mqtt.a", PLAIN_QUEUE);
    const first = holder();
    const { session } = sessions.open("a", first, { resume: true, expiryMs: 1_000 });
    session.queue = old;
    sessions.leave(session, first, false);
    const anew = sessions.open("a", holder(), { resume: false, expiryMs: 1_000 });
    expect([anew.isPresent, anew.session === session, old.isDeleted]).toEqual([false, false, true]);
    sessions.end(session);
    expect(sessions.get("a")).toBe(anew.session);
  });

  test("that never expires does not", async () => {
    const { client, clock } = await open();
    const { sessions } = client.vhost;
    const only = holder();
    const { session } = sessions.open("a", only, { resume: true, expiryMs: Infinity });
    sessions.leave(session, only, false);
    clock.advance(10_000 * DAY_MS);
    expect(sessions.get("a")).toBe(session);
  });

  test("is not touched by a connection that lost it", async () => {
    const { client } = await open();
    const { sessions } = client.vhost;
    const first = holder();
    const { session } = sessions.open("a", first, { resume: true, expiryMs: 1_000 });
    sessions.open("a", holder(), { resume: true, expiryMs: 1_000 });
    sessions.leave(session, first, true);
    expect(session.holder).toBeDefined();
  });
});

describe("a will", () => {
  test("is published when the connection ends, unless it was taken back [MQTT-3.14.4-3]", async () => {
    const { client, heard } = await open();
    const { sessions } = client.vhost;
    for (const isSent of [true, false]) {
      const one = holder();
      const { session } = sessions.open("a", one, { resume: true, expiryMs: 1_000 });
      session.will = will(client, 0);
      sessions.leave(session, one, isSent);
    }
    expect(heard).toEqual(["bye"]);
  });

  test("waits for its delay, and is not published when the client comes back before [MQTT-3.1.3-9]", async () => {
    const { client, clock, heard } = await open();
    const { sessions } = client.vhost;
    const leave = (): void => {
      const one = holder();
      const { session } = sessions.open("a", one, { resume: true, expiryMs: DAY_MS });
      session.will = will(client, 100);
      sessions.leave(session, one, true);
    };
    leave();
    clock.advance(99);
    leave();
    clock.advance(99);
    expect(heard).toEqual([]);
    clock.advance(1);
    expect(heard).toEqual(["bye"]);
  });

  test("is published with the end of its session when that comes before its delay", async () => {
    const { client, clock, heard } = await open();
    const { sessions } = client.vhost;
    const one = holder();
    const { session } = sessions.open("a", one, { resume: true, expiryMs: 50 });
    session.will = will(client, 100);
    sessions.leave(session, one, true);
    clock.advance(50);
    expect(heard).toEqual(["bye"]);
    clock.advance(100);
    expect(heard).toEqual(["bye"]);
  });

  test("lives as long after it is published as it was given, not as long after its client connected", async () => {
    const { client, clock } = await open();
    const { sessions } = client.vhost;
    const queue = await client.declareQueue("q", PLAIN_QUEUE);
    await client.bind(TOPIC_SPACE, { kind: "queue", queue }, { key: "#" });
    const one = holder();
    const { session } = sessions.open("a", one, { resume: true, expiryMs: 0 });
    const { message } = will(client, 0);
    session.will = { ...will(client, 0), message: message.with({ expiresAtMs: message.receivedAtMs + 10 }) };
    clock.advance(1_000);
    sessions.leave(session, one, true);
    expect(queue.get()?.message.expiresAtMs).toBe(clock.now() + 10);
  });

  test("is dropped when its client may not publish it any more, and counted", async () => {
    const { client, heard } = await open();
    const { sessions } = client.vhost;
    const one = holder();
    const { session } = sessions.open("a", one, { resume: true, expiryMs: 0 });
    session.will = { ...will(client, 0), mayPublish: () => false };
    sessions.leave(session, one, true);
    expect(heard).toEqual([]);
    expect(client.vhost.drops.of("not-authorized")).toBe(1);
  });

  test("to an exchange that is gone is counted as lost", async () => {
    const { client } = await open();
    const { sessions } = client.vhost;
    const one = holder();
    const { session } = sessions.open("a", one, { resume: true, expiryMs: 0 });
    session.will = { ...will(client, 0), message: makeTestMessage(client, { exchange: "gone", key: "" }) };
    sessions.leave(session, one, true);
    expect(client.vhost.drops.of("unroutable")).toBe(1);
  });
});

describe("after a restart", () => {
  test("a kept session has its record, its queue and the identifiers it received", async () => {
    const { client, engine, clock } = await open();
    const { sessions } = client.vhost;
    const queue = await client.declareQueue("mqtt.a", { ...PLAIN_QUEUE, durable: true });
    const one = holder();
    const { session } = sessions.open("a\0b", one, { resume: true, expiryMs: Infinity });
    session.queue = queue;
    session.record = new Uint8Array([1, 2]);
    sessions.save(session);
    for (const identifier of [1, 2, 3]) sessions.remember(session, identifier);
    sessions.forget(session, 2);
    sessions.forget(session, 9);

    const after = (await open({ engine, clock })).client;
    const found = after.vhost.sessions.get("a\0b");
    expect([...(found?.received ?? [])]).toEqual([1, 3]);
    expect([found?.record, found?.expiryMs]).toEqual([new Uint8Array([1, 2]), Infinity]);
    expect(found?.queue).toBe(after.queue("mqtt.a"));
  });

  test("a session whose time was up meanwhile ends, one that was connected gets all its time", async () => {
    const { client, engine, clock } = await open();
    const { sessions } = client.vhost;
    const one = holder();
    sessions.leave(sessions.open("left", one, { resume: true, expiryMs: 100 }).session, one, false);
    sessions.open("connected", holder(), { resume: true, expiryMs: 100 });
    sessions.open("short", holder(), { resume: true, expiryMs: 0 });
    clock.advance(99);

    const after = (await open({ engine, clock })).client.vhost.sessions;
    expect(after.get("short")).toBeUndefined();
    clock.advance(1);
    expect([after.get("left"), after.get("connected") === undefined]).toEqual([undefined, false]);
    clock.advance(99);
    expect(after.count).toBe(0);
  });

  test("a session that was connected gets all its time once, however often the broker starts", async () => {
    const { client, engine, clock } = await open();
    client.vhost.sessions.open("connected", holder(), { resume: true, expiryMs: 100 });
    await open({ engine, clock });
    clock.advance(60);

    const after = (await open({ engine, clock })).client.vhost.sessions;
    expect(after.count).toBe(1);
    clock.advance(40);
    expect(after.count).toBe(0);
  });

  test("nothing is left of a session that ended, nor of one that ceased to be kept", async () => {
    const { client, engine } = await open();
    const { sessions } = client.vhost;
    const one = holder();
    const ended = sessions.open("ended", one, { resume: true, expiryMs: 1_000 }).session;
    sessions.remember(ended, 1);
    sessions.end(ended);
    const ceased = sessions.open("ceased", one, { resume: true, expiryMs: 1_000 }).session;
    sessions.remember(ceased, 1);
    ceased.expiryMs = 0;
    sessions.save(ceased);
    sessions.forget(ceased, 1);
    const begun = sessions.open("begun", one, { resume: true, expiryMs: 0 }).session;
    sessions.remember(begun, 7);
    begun.expiryMs = 1_000;
    sessions.rememberSent(begun, 8, new Uint8Array([1]));
    sessions.save(begun);
    begun.expiryMs = 0;
    sessions.save(begun);
    begun.expiryMs = 1_000;
    sessions.save(begun);

    const keys: string[] = [];
    for (const collection of ["session", "seen"] as const) {
      for await (const names of engine.metadata.names(collection, "")) keys.push(...names);
    }
    expect(keys).toEqual(["/\0begun", ["/", "begun", "7"].join("\0")]);
  });
});

function holder(): SessionHolder {
  return { takenOver: () => undefined };
}

function will(client: Client, delayMs: number): Will {
  const message = makeTestMessage(client, { exchange: TOPIC_SPACE, key: "wills", text: "bye" });
  return { delayMs, message, mayPublish: () => true };
}

async function open(
  from: { readonly engine?: MemoryEngine; readonly clock?: FakeClock } = {},
): Promise<{ client: Client; clock: FakeClock; engine: MemoryEngine; heard: string[] }> {
  const engine = from.engine ?? new MemoryEngine();
  const { broker, clock } = await openTestBroker({ engine, clock: from.clock ?? new FakeClock() });
  const client = await connectTestClient(broker);
  const heard: string[] = [];
  const deliver = ({ body }: { readonly body: Uint8Array }): void =>
    void heard.push(Buffer.from(body).toString());
  client.subscribe(TOPIC_SPACE, { deliver }, { key: "#" });
  return { client, clock, engine, heard };
}
