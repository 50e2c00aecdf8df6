import { expect, test } from "vitest";
import { encodeCoreProperties } from "./core-properties.ts";
import { connectTestClient, makeTestMessage, openTestBroker } from "./testing/index.ts";

test("a message keeps its identity when it is changed, and every message has its own", async () => {
  const client = await connectTestClient((await openTestBroker()).broker);
  const one = makeTestMessage(client, { key: "a" });
  const changed = one.with({ exchange: "other" });

  expect(changed.id).toBe(one.id);
  expect(changed.exchange).toBe("other");
  expect(one.id).toMatch(/^[\da-f]{32}$/);
  expect(makeTestMessage(client, { key: "a" }).id > one.id).toBe(true);
});

test("a stored identity is written as it was given", async () => {
  const client = await connectTestClient((await openTestBroker()).broker);
  const id = "00112233445566778899aabbccddeeff";
  const bytes = Buffer.alloc(18);
  makeTestMessage(client, { key: "a" }, { id }).writeId(bytes, 2);
  expect(bytes.subarray(2).toString("hex")).toBe(id);
});

test("an identity that was given here is written as it reads, at whatever time the message came", async () => {
  const client = await connectTestClient((await openTestBroker()).broker);
  for (const receivedAtMs of [1, 1, 2 ** 41, 1]) {
    const message = makeTestMessage(client, { key: "a" }, { receivedAtMs });
    const bytes = Buffer.alloc(18);
    message.writeId(bytes, 2);
    expect(bytes.toString("hex", 2)).toBe(message.id);
  }
});

test("an identity is written as the digits that it reads as, whoever asked first", async () => {
  const client = await connectTestClient((await openTestBroker()).broker);
  const digits = Buffer.alloc(34);
  const given = makeTestMessage(client, { key: "a" }, { receivedAtMs: Date.UTC(2200, 1, 1) });
  given.writeIdText(digits, 1);
  expect(digits.toString("latin1", 1, 33)).toBe(given.id);
  const stored = makeTestMessage(client, { key: "a" }, { id: "00112233445566778899aabbccddeeff" });
  stored.writeIdText(digits, 1);
  expect(digits.toString("latin1", 1, 33)).toBe(stored.id);
  expect([digits[0], digits[33]]).toEqual([0, 0]);
});

test("properties are decoded once, and anew when the bytes change", async () => {
  const client = await connectTestClient((await openTestBroker()).broker);
  const raw = encodeCoreProperties({ headers: [], type: "first" });
  const message = makeTestMessage(client, { key: "a", text: "body" }, { raw });

  expect(message.properties).toBe(message.properties);
  expect(message.with({ retain: true }).properties).toBe(message.properties);
  expect(message.with({ raw: encodeCoreProperties({ headers: [], type: "second" }) }).properties.type).toBe(
    "second",
  );
});

test("its bytes are those of the body; its memory is that of the properties too", async () => {
  const client = await connectTestClient((await openTestBroker()).broker);
  const raw = encodeCoreProperties({ headers: [], type: "x" });
  const message = makeTestMessage(client, { key: "a", text: "body" }, { raw });
  expect([message.byteCount, message.memoryBytes]).toEqual([4, 4 + raw.length]);
});

test("a message expires at its deadline, and never without one", async () => {
  const client = await connectTestClient((await openTestBroker()).broker);
  const message = makeTestMessage(client, { key: "a" }, { expiresAtMs: 10 });
  expect([message.isExpired(9), message.isExpired(10)]).toEqual([false, true]);
  expect(message.with({ expiresAtMs: undefined }).isExpired(Infinity)).toBe(false);
});
