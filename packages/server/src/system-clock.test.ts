import { setImmediate as nextTurn, setTimeout as wait } from "node:timers/promises";
import { expect, it } from "vitest";
import { SYSTEM_CLOCK } from "./system-clock.ts";

it("stands still within a turn of the loop and follows the machine's time from turn to turn", async () => {
  const before = Date.now();
  const first = SYSTEM_CLOCK.now();
  while (Date.now() < before + 5);
  expect(SYSTEM_CLOCK.now()).toBe(first);

  await wait(2);
  await nextTurn();

  expect(SYSTEM_CLOCK.now()).toBeGreaterThanOrEqual(before + 5);
});
