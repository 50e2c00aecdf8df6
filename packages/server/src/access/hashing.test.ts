import { expect, test } from "vitest";
import { Hashing } from "./hashing.ts";

test("hashes are computed two at a time, in order, and no more than 200 wait", async () => {
  const hashing = new Hashing();
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const hash = (i: number) => (): Promise<number> => {
    begun.push(i);
    return new Promise((resolve) => void ends.push(() => resolve(i)));
  };
  const done = Array.from({ length: 202 }, (_, i) => hashing.run(hash(i)));
  await expect(hashing.run(hash(202))).rejects.toMatchObject({ code: "quota" });
  expect(begun).toEqual([0, 1]);
  for (let i = 0; i < 202; i++) {
    ends[i]?.();
    expect(await done[i]).toBe(i);
    await Promise.resolve();
  }

  expect(begun).toEqual(Array.from({ length: 202 }, (_, i) => i));
});

test("a hash that fails lets the next one go on", async () => {
  const hashing = new Hashing();
  const failed = Array.from({ length: 5 }, () => hashing.run(() => Promise.reject(new Error("no"))));
  expect((await Promise.allSettled(failed)).map(({ status }) => status)).toEqual(Array(5).fill("rejected"));

  await expect(hashing.run(() => Promise.resolve(1))).resolves.toBe(1);
});
