import { expect, test } from "vitest";
import { MemoryEngine } from "./memory-engine.ts";
import type { Sessions } from "./sessions.ts";
import { connectTestClient, openTestBroker, PLAIN_QUEUE } from "./testing/index.ts";

const holder = { takenOver: (): void => undefined };

test("deliveries that are not complete are there after a restart, with what the protocol knew of them", async () => {
  const engine = new MemoryEngine();
  const first = await sessionsOf(engine);
  const { session } = first.open("a", holder, { resume: true, expiryMs: 60_000 });
  first.rememberSent(session, 1, Buffer.from("one"));
  first.rememberSent(session, 2, Buffer.from("two"));
  first.rememberSent(session, 2, Buffer.from("further"));
  first.forgetSent(session, 1);

  const again = (await sessionsOf(engine)).get("a");

  expect([...(again?.sent ?? [])].map(([id, record]) => [id, Buffer.from(record).toString()])).toEqual([
    [2, "further"],
  ]);
});

test("they end with their session, and are not kept for one that is not", async () => {
  const engine = new MemoryEngine();
  const sessions = await sessionsOf(engine);
  const kept = sessions.open("kept", holder, { resume: true, expiryMs: 60_000 }).session;
  sessions.rememberSent(kept, 1, Buffer.from("one"));
  const clean = sessions.open("clean", holder, { resume: true, expiryMs: 0 }).session;
  sessions.rememberSent(clean, 2, Buffer.from("two"));
  sessions.end(kept);
  sessions.open("kept", holder, { resume: true, expiryMs: 60_000 });

  const restarted = await sessionsOf(engine);

  expect([...restarted.all()].map(({ id, sent }) => [id, sent.size])).toEqual([["kept", 0]]);
});

test("they are gone with a session whose queue is gone, and do not come back for the next of its name", async () => {
  const engine = new MemoryEngine();
  const { broker } = await openTestBroker({ engine });
  const client = await connectTestClient(broker);
  const { sessions } = client.vhost;
  const { session } = sessions.open("a", holder, { resume: true, expiryMs: 60_000 });
  session.queue = await client.declareQueue("a", { ...PLAIN_QUEUE, durable: true });
  sessions.save(session);
  sessions.remember(session, 1);
  sessions.rememberSent(session, 2, Buffer.from("two"));
  await client.deleteQueue("a", { ifUnused: false, ifEmpty: false });

  const restarted = await sessionsOf(engine);
  expect(restarted.count).toBe(0);
  restarted.open("a", holder, { resume: true, expiryMs: 60_000 });
  const next = (await sessionsOf(engine)).get("a");

  expect([next?.received.size, next?.sent.size]).toEqual([0, 0]);
});

async function sessionsOf(engine: MemoryEngine): Promise<Sessions> {
  const { broker } = await openTestBroker({ engine });
  return broker.virtualHost("/").sessions;
}
