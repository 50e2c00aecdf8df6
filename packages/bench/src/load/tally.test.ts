import { describe, expect, it } from "vitest";
import { publisherAt, putPublisher, putSequence, sequenceAt } from "./sequence.ts";
import { Tally, Traffic } from "./tally.ts";

function body(publisher: number, sequence: number): Uint8Array {
  const bytes = new Uint8Array(8);
  putPublisher(bytes, 0, publisher);
  putSequence(bytes, 0, sequence);
  return bytes;
}

function tallyOf(sequences: readonly number[], sent: number): Tally {
  const traffic = new Traffic(1, 1);
  traffic.sent[0] = sent;
  const tally = new Tally(traffic);
  for (const sequence of sequences) tally.deliver(body(0, sequence), 0);
  return tally;
}

describe("a message's number", () => {
  it.each([0, 1, 63, 64, 4095, 2 ** 18, 2 ** 30 - 1])("%i survives the way", (sequence) => {
    const bytes = body(4097, sequence);

    expect(publisherAt(bytes, 0)).toBe(4097);
    expect(sequenceAt(bytes, 0)).toBe(sequence);
    expect(Buffer.from(bytes).toString()).toMatch(/^[0-o]{8}$/);
  });
});

describe("a tally", () => {
  it.each([
    { name: "everything in order", sequences: [0, 1, 2], lost: 0, duplicated: 0, outOfOrder: 0 },
    { name: "a gap", sequences: [0, 2], lost: 1, duplicated: 0, outOfOrder: 0 },
    { name: "a missing end", sequences: [0], lost: 2, duplicated: 0, outOfOrder: 0 },
    { name: "one too late", sequences: [0, 2, 1], lost: 0, duplicated: 0, outOfOrder: 1 },
    { name: "one twice", sequences: [0, 1, 1, 2], lost: 0, duplicated: 1, outOfOrder: 0 },
  ])("sees $name", ({ sequences, lost, duplicated, outOfOrder }) => {
    const tally = tallyOf(sequences, 3);

    expect({ lost: tally.lost([0]), duplicated: tally.duplicated, outOfOrder: tally.outOfOrder }).toEqual({
      lost,
      duplicated,
      outOfOrder,
    });
  });
});

it("measures the latency of every so many messages only, each from its own write", () => {
  const traffic = new Traffic(1, 4);
  const tally = new Tally(traffic);
  traffic.isMeasuring = true;
  const longAgoMs = performance.now() - 60_000;
  traffic.due(0, 0, 6, longAgoMs);
  traffic.due(0, 6, 3, performance.now());

  for (let sequence = 0; sequence < 9; sequence++) tally.deliver(body(0, sequence), 0);

  const [first = 0, second = 0, third = 0, ...rest] = traffic.latenciesMs;
  expect(rest).toEqual([]);
  expect(Math.min(first, second)).toBeGreaterThanOrEqual(60_000);
  expect(third).toBeLessThan(60_000);
});
