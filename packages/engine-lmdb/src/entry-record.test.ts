import { makeTestEntry } from "@dragoman/core/testing";
import { expect, it } from "vitest";
import { decodeRun, RecordWriter, type RunSink } from "./entry-record.ts";

/** The runs that a writer of so many bytes makes of entries at these positions. */
function write(byteCount: number, positions: readonly number[]): { first: number; value: Buffer }[] {
  const runs: { first: number; value: Buffer }[] = [];
  const sink: RunSink = ({ first }, value) => void runs.push({ first, value });
  const writer = new RecordWriter(byteCount);
  for (const position of positions) writer.add(makeTestEntry(position, "x".repeat(100)), sink);
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
