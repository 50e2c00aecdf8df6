import { makeTestEntry } from "@dragoman/core/testing";
import { expect, it } from "vitest";
import { Journal } from "./journal.ts";
import { Lane } from "./lane.ts";
import type { Tables } from "./store.ts";
import { Sweeper } from "./sweeper.ts";

/** Counts the transactions of a journal and writes none of them. */
function openJournal(): { journal: Journal; lane: Lane; transactions: ((tables: Tables) => void)[] } {
  const transactions: ((tables: Tables) => void)[] = [];
  const transaction = (_byteCount: number, write: (tables: Tables) => void): Promise<void> => {
    transactions.push(write);
    return Promise.resolve();
  };
  const journal = new Journal({ transaction }, new Sweeper(), () => undefined);
  return { journal, lane: new Lane(1, 0, { last: 0, count: 0, byteCount: 0 }), transactions };
}

it("writes nothing at all where everything was settled before its commit", async () => {
  const { journal, lane, transactions } = openJournal();
  for (let position = 1; position <= 1_000; position++) {
    const entry = makeTestEntry(position, "body");
    lane.append(journal.changesOf(lane), entry);
    lane.remove(journal.changesOf(lane), entry);
  }

  journal.seal();
  await journal.write();

  expect(transactions).toEqual([]);
  expect([lane.count, lane.byteCount, lane.last]).toEqual([0, 0, 1_000]);
});

it("writes of a commit only what was not settled before it", async () => {
  const { journal, lane, transactions } = openJournal();
  const entries = Array.from({ length: 10 }, (_, index) => makeTestEntry(index + 1, "body"));
  for (const entry of entries) lane.append(journal.changesOf(lane), entry);
  for (const entry of entries.slice(0, 7)) lane.remove(journal.changesOf(lane), entry);

  journal.seal();
  await journal.write();

  const written: number[] = [];
  lane.underWay?.appended.forEach(({ position }) => void written.push(position));
  expect(written).toEqual([8, 9, 10]);
  expect(lane.underWay?.removed.size).toBe(0);
  expect(transactions).toHaveLength(1);
});
