import { CORE_PROPERTIES, type LogEntry, Message, TopicTable } from "@dragoman/core";
import { expect, it } from "vitest";
import { decodeRun, RecordWriter, type RunSink } from "./entry-record.ts";

const topic = new TopicTable().fromPath("t");
const publisher = { protocol: "core", version: "1", connectionId: "c", clientId: "c", user: "u", peer: "p" };

function entryAt(position: number): LogEntry {
  const message = new Message({
    exchange: "",
    topic,
    body: Buffer.alloc(100, position),
    publisher,
    receivedAtMs: 0,
    durable: true,
    codec: CORE_PROPERTIES,
    raw: Buffer.alloc(0),
  });
  return {
    lane: 0,
    position,
    message,
    via: undefined,
    expiresAtMs: undefined,
    deliveryCount: 0,
    reference: 0,
  };
}

/** The runs that a writer of so many bytes makes of entries at these positions. */
function write(byteCount: number, positions: readonly number[]): { first: number; value: Buffer }[] {
  const runs: { first: number; value: Buffer }[] = [];
  const sink: RunSink = ({ first }, value) => void runs.push({ first, value });
  const writer = new RecordWriter(byteCount);
  for (const position of positions) writer.add(entryAt(position), sink);
  writer.endRun(sink);
  return runs;
}

it("takes no more memory for a small commit than was announced", () => {
  const [run] = write(1_000, [1]);

  expect(run?.value.buffer.byteLength).toBe(1_000);
});

it.each([0, 1_000, 2 ** 30])("writes everything in order, %i bytes announced", (byteCount) => {
  const positions = Array.from({ length: 700 }, (_, index) => index + 1);

  const runs = write(byteCount, positions);

  const found = runs.flatMap(({ first, value }) => decodeRun(first, value)).map(({ position }) => position);
  expect(found).toEqual(positions);
});
