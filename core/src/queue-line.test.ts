import { expect, test } from "vitest";
import type { Client } from "./client.ts";
import { QueueEntry } from "./queue-entry.ts";
import { QueueLine } from "./queue-line.ts";
import { connectTestClient, makeTestMessage, openTestBroker } from "./testing/index.ts";

const NOTHING = { entries: 0, bytes: 0 };

test("what is not stored stays in memory when what is around it is paged out, and keeps its place", async () => {
  const client = await connectTestClient((await openTestBroker()).broker);
  const line = new QueueLine(0);
  const entries = [false, true, false, true, false].map((isStored, i) => entryAt(client, i + 1, isStored));
  for (const entry of entries) line.push(entry);
  line.pageOut(NOTHING, 0);
  expect([line.length, line.byteCount, line.range]).toEqual([
    5,
    20,
    { lane: 0, first: 2, last: 4, count: 2, byteCount: 8 },
  ]);

  line.admit(entries.filter(({ isStored }) => isStored));
  expect(drain(line)).toEqual([1, 2, 3, 4, 5]);
});

test("properties count for what stays in memory, not for what the line tells of its bytes", async () => {
  const client = await connectTestClient((await openTestBroker()).broker);
  const line = new QueueLine(0);
  for (let position = 1; position <= 3; position++)
    line.push(entryAt(client, position, true, new Uint8Array(100)));
  line.pageOut({ entries: 10, bytes: 104 }, 0);
  expect([line.byteCount, line.range]).toEqual([12, { lane: 0, first: 2, last: 3, count: 2, byteCount: 8 }]);
});

test("what stands before an entry that a consumer holds is not paged out", async () => {
  const client = await connectTestClient((await openTestBroker()).broker);
  const line = new QueueLine(0);
  for (let position = 1; position <= 4; position++) line.push(entryAt(client, position, true));
  line.pageOut(NOTHING, 2);
  expect(line.range).toMatchObject({ first: 3, last: 4 });
});

test("a line does not wait for entries that the log has lost", async () => {
  const client = await connectTestClient((await openTestBroker()).broker);
  const line = new QueueLine(0);
  line.recover({ lane: 0, first: 1, last: 5, count: 5, byteCount: 20 });
  const behind = entryAt(client, 6, false);
  line.push(behind);
  expect([line.first(), line.length]).toEqual([undefined, 6]);
  line.admit([]);
  expect([line.first(), line.length, line.byteCount, line.range]).toEqual([behind, 1, 4, undefined]);
});

function entryAt(client: Client, position: number, isStored: boolean, raw?: Uint8Array): QueueEntry {
  const message = makeTestMessage(client, { key: "q", text: "body" }, raw && { raw });
  const owner = { name: "q", settleEntry: (): void => undefined };
  const place = { lane: 0, position, subscriptions: undefined, expiresAtMs: undefined };
  return new QueueEntry(owner, { ...place, message, isStored });
}

function drain(line: QueueLine): number[] {
  const positions: number[] = [];
  for (let entry = line.shift(); entry !== undefined; entry = line.shift()) positions.push(entry.position);
  return positions;
}
