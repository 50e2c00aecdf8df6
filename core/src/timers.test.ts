import fc from "fast-check";
import { expect, test } from "vitest";
import { FakeClock } from "./testing/index.ts";
import { Timers } from "./timers.ts";

test("every deadline is met once, in order of time and then of asking, and none that was cancelled", () => {
  const plan = fc.record({ atMs: fc.nat(50), isCancelled: fc.boolean() });
  fc.assert(
    fc.property(fc.array(plan, { maxLength: 60 }), fc.array(fc.nat(20)), (plans, steps) => {
      const clock = new FakeClock(0);
      const timers = new Timers(clock);
      const met: number[] = [];
      plans.forEach(({ atMs, isCancelled }, number) => {
        const cancel = timers.at(atMs, () => met.push(number));
        if (!isCancelled) return;
        cancel();
        cancel();
      });
      for (const step of steps) clock.advance(step);
      clock.advance(100);

      const want = plans.flatMap(({ isCancelled }, number) => (isCancelled ? [] : [number]));
      expect(met).toEqual(want.toSorted((a, b) => (plans[a]?.atMs ?? 0) - (plans[b]?.atMs ?? 0)));
      expect(timers.pending).toBe(0);
    }),
  );
});

test("nothing is called before its time", () => {
  const clock = new FakeClock(0);
  const timers = new Timers(clock);
  const met: number[] = [];
  timers.at(10, () => met.push(clock.now()));
  timers.at(5, () => met.push(clock.now()));
  clock.advance(4);
  expect(met).toEqual([]);
  clock.advance(100);
  expect(met).toEqual([5, 10]);
});

test("a deadline that has passed is met soon, but not before the call returns", () => {
  const clock = new FakeClock(1_000);
  const timers = new Timers(clock);
  let met = 0;
  timers.at(1, () => met++);
  expect(met).toBe(0);
  clock.advance(0);
  expect(met).toBe(1);
});

test("a deadline farther than any system timer is met all the same", () => {
  const clock = new FakeClock(0);
  const timers = new Timers(clock);
  let metAtMs = 0;
  timers.at(2 ** 32, () => (metAtMs = clock.now()));
  clock.advance(2 ** 33);
  expect(metAtMs).toBe(2 ** 32);
});

test("a task may set and cancel deadlines; one that is due at once waits for the next wake", () => {
  const clock = new FakeClock(0);
  const timers = new Timers(clock);
  const met: string[] = [];
  const never = timers.at(5, () => met.push("never"));
  timers.at(5, () => {
    met.push("first");
    never();
    timers.at(5, () => met.push("second"));
  });
  const cancelFirst = timers.at(4, () => met.push("zeroth"));
  clock.advance(5);
  cancelFirst();
  expect(met).toEqual(["zeroth", "never", "first", "second"]);
});

test("thousands of cancelled deadlines take no room for long", () => {
  const clock = new FakeClock(0);
  const timers = new Timers(clock);
  const met: number[] = [];
  for (let i = 0; i < 5_000; i++) {
    const cancel = timers.at(1_000 + i, () => met.push(i));
    if (i % 1_000 !== 0) cancel();
  }
  expect(timers.pending).toBe(5);
  clock.advance(10_000);
  expect(met).toEqual([0, 1_000, 2_000, 3_000, 4_000]);
});

test("nothing is called after stop, and nothing keeps the clock", () => {
  const clock = new FakeClock(0);
  const timers = new Timers(clock);
  let met = 0;
  timers.at(1, () => met++);
  timers.stop();
  timers.at(1, () => met++)();
  timers.at(1, () => met++);
  clock.advance(10);
  expect([met, timers.pending]).toEqual([0, 0]);
});
