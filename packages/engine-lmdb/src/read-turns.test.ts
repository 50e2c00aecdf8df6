import { expect, it } from "vitest";
import { ReadTurns } from "./read-turns.ts";

const one = (): number => 1;

it("makes a read again that failed for the storage, when that is there again", async () => {
  let isReadable = false;
  const turns = new ReadTurns(() => isReadable);
  const made: string[] = [];
  const first = turns.next(() => {
    made.push("first");
    if (!isReadable) throw new Error("the file is shut");
    return "found";
  }, one);
  const second = turns.next(() => made.push("second"), one);
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  expect(made).toEqual(["first"]);

  isReadable = true;
  turns.resume();

  await expect(first).resolves.toBe("found");
  await second;
  expect(made).toEqual(["first", "first", "second"]);
});

it("fails a read that cannot be made though the storage is there", async () => {
  const turns = new ReadTurns(() => true);
  const reading = turns.next(() => {
    throw new Error("damaged");
  }, one);

  await expect(reading).rejects.toThrow("damaged");
  await expect(turns.next(() => "next", one)).resolves.toBe("next");
});
