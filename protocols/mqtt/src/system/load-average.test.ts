import { expect, test } from "vitest";
import { LoadAverage } from "./load-average.ts";

test("a steady rate is reached in a few times the time it is smoothed over, and left as slowly", () => {
  const load = new LoadAverage(1);
  for (let second = 0; second < 60; second += 10) load.add(5, 10);
  expect(load.value).toBeCloseTo(30 * (1 - Math.exp(-1)));
  for (let minute = 0; minute < 20; minute++) load.add(30, 60);
  expect(load.value).toBeCloseTo(30);
  load.add(0, 60);
  expect(load.value).toBeCloseTo(30 * Math.exp(-1));
});
