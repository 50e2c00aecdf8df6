import { expect, test } from "vitest";
import { TOPIC_SPACE } from "./address.ts";
import { CORE_PROPERTIES } from "./core-properties.ts";
import { Message } from "./message.ts";
import type { SessionHolder } from "./session.ts";
import { openTestBroker } from "./testing/index.ts";
import type { VirtualHost } from "./virtual-host.ts";
import type { Will } from "./will.ts";

const holder = (): SessionHolder & { lost: number } => ({
  lost: 0,
  takenOver() {
    this.lost++;
  },
});

test("a will without delay is published when its connection is taken over by one that resumes", async () => {
  const { vhost, heard } = await openHost();
  const first = holder();
  vhost.sessions.open("a", first, { resume: true, expiryMs: 1_000 }).session.will = will(vhost, 0);

  const { isPresent } = vhost.sessions.open("a", holder(), { resume: true, expiryMs: 1_000 });

  expect([isPresent, first.lost, heard()]).toEqual([true, 1, 1]);
});

test("a will with a delay is not published when its session is resumed in time", async () => {
  const { vhost, heard } = await openHost();
  vhost.sessions.open("a", holder(), { resume: true, expiryMs: 1_000 }).session.will = will(vhost, 500);

  vhost.sessions.open("a", holder(), { resume: true, expiryMs: 1_000 });

  expect(heard()).toBe(0);
});

test("a session that ends with its connection cannot be resumed by the one that takes over", async () => {
  const { vhost, heard } = await openHost();
  let ended = 0;
  const { session } = vhost.sessions.open("a", holder(), { resume: true, expiryMs: 0 });
  session.will = will(vhost, 500);
  session.ended = () => ended++;

  const next = vhost.sessions.open("a", holder(), { resume: true, expiryMs: 1_000 });

  expect(next.isPresent).toBe(false);
  expect(next.session).not.toBe(session);
  expect([ended, heard()]).toEqual([1, 1]);
});

async function openHost(): Promise<{ vhost: VirtualHost; heard: () => number }> {
  const { broker } = await openTestBroker();
  const vhost = broker.virtualHost("/");
  let count = 0;
  vhost.subscribe(vhost.exchange(TOPIC_SPACE), { deliver: () => void count++ }, { key: "#" });
  return { vhost, heard: () => count };
}

function will(vhost: VirtualHost, delayMs: number): Will {
  const publisher = {
    protocol: "core",
    version: "1",
    connectionId: "1",
    clientId: "a",
    user: "u",
    peer: "p",
  };
  const message = new Message({
    exchange: TOPIC_SPACE,
    topic: vhost.topics.fromPath("gone"),
    body: Buffer.from("bye"),
    publisher,
    receivedAtMs: 0,
    durable: false,
    codec: CORE_PROPERTIES,
    raw: new Uint8Array(),
  });
  return { message, delayMs, mayPublish: () => true };
}
