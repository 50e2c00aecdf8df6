import { expect, test } from "vitest";
import { Window, type WindowWaiter } from "./window.ts";

function waiter(window: Window, log: string[], name: string, takes: boolean): WindowWaiter {
  return {
    windowOpened() {
      log.push(name);
      if (takes) window.take();
    },
  };
}

test("a window is open as long as fewer are taken than its limit", () => {
  const window = new Window(2);
  window.take();
  expect([window.isOpen, window.taken, window.limit]).toEqual([true, 1, 2]);
  window.take();
  expect(window.isOpen).toBe(false);
  window.release();
  expect(window.isOpen).toBe(true);
});

test("a window made smaller than what is taken opens when enough was released", () => {
  const window = new Window();
  for (let i = 0; i < 3; i++) window.take();
  window.resize(1);
  const states = [window.isOpen];
  for (let i = 0; i < 3; i++) {
    window.release();
    states.push(window.isOpen);
  }
  expect(states).toEqual([false, false, false, true]);
});

test("those that wait are told in turn, only while the window is open, and once", () => {
  const window = new Window(1);
  const log: string[] = [];
  window.take();
  for (const name of ["a", "b", "c"]) window.await(waiter(window, log, name, true));
  window.release();
  expect(log).toEqual(["a"]);
  window.release();
  expect(log).toEqual(["a", "b"]);
  window.resize(3);
  expect(log).toEqual(["a", "b", "c"]);
  window.resize(9);
  expect(log).toEqual(["a", "b", "c"]);
});

test("who no longer waits is not told, even when another's turn ends its waiting", () => {
  const window = new Window(1);
  const log: string[] = [];
  window.take();
  const second = waiter(window, log, "second", false);
  window.await({
    windowOpened() {
      log.push("first");
      window.forget(second);
    },
  });
  window.await(second);
  window.release();
  expect(log).toEqual(["first"]);
});

test("a paused window is closed whatever its limit", () => {
  const window = new Window();
  const log: string[] = [];
  window.pause();
  expect(window.isOpen).toBe(false);
  window.await(waiter(window, log, "a", false));
  window.release();
  expect(log).toEqual([]);
  window.resume();
  expect(log).toEqual(["a"]);
});

test("a window that is held opens when it is let go, unless it is paused or full", () => {
  const window = new Window(1);
  const log: string[] = [];
  window.hold();
  window.await(waiter(window, log, "a", true));
  window.pause();
  window.resume();
  expect([window.isOpen, log]).toEqual([false, []]);
  window.letGo();
  expect([window.isOpen, log]).toEqual([false, ["a"]]);
});

test("a window within another takes what is taken there too, and is open only when both are", () => {
  const outer = new Window(2);
  const [inner, sibling] = [new Window(2, outer), new Window(1, outer)];
  inner.take();
  sibling.take();
  expect([outer.taken, outer.isOpen, inner.isOpen, inner.closed]).toEqual([2, false, false, outer]);
  sibling.release();
  expect([outer.taken, outer.closed, inner.closed]).toEqual([1, undefined, undefined]);
  inner.take();
  outer.resize(9);
  expect([inner.isOpen, inner.closed]).toEqual([false, inner]);
});

test("those that wait for a window within another are told when the last of the two opens, in turn", () => {
  const outer = new Window(1);
  const inner = new Window(2, outer);
  const log: string[] = [];
  inner.take();
  for (const name of ["a", "b", "c"]) inner.await(waiter(inner, log, name, true));
  outer.await(waiter(outer, log, "d", true));
  inner.release();
  expect([log, inner.taken, outer.taken]).toEqual([["a"], 1, 1]);
  outer.release();
  expect(log).toEqual(["a", "d"]);
  outer.resize(9);
  expect([log, inner.taken]).toEqual([["a", "d", "b"], 2]);
  inner.resize(9);
  expect(log).toEqual(["a", "d", "b", "c"]);
});

test("who leaves a window within another is told by neither", () => {
  const outer = new Window();
  const inner = new Window(1, outer);
  const log: string[] = [];
  const only = waiter(inner, log, "only", true);
  outer.pause();
  inner.await(only);
  inner.forget(only);
  outer.resume();
  expect(log).toEqual([]);
});

test("who comes back to a window within another is told by both", () => {
  const outer = new Window();
  const inner = new Window(2, outer);
  const log: string[] = [];
  const only = waiter(inner, log, "only", true);
  outer.pause();
  inner.await(only);
  inner.forget(only);
  inner.await(only);
  outer.resume();
  expect(log).toEqual(["only"]);
});

test("a window within another waits there as the first of those that wait for it", () => {
  const outer = new Window();
  const inner = new Window(9, outer);
  const log: string[] = [];
  const named = (name: string, priority: number): Parameters<Window["await"]>[0] => {
    return { priority, windowOpened: () => void log.push(name) };
  };
  outer.pause();
  inner.await(named("low", 1));
  outer.await(named("middle", 3));
  inner.await(named("high", 5));
  outer.resume();
  expect(log.indexOf("high")).toBeLessThan(log.indexOf("middle"));
});

test("who waits again with another priority has the new one", () => {
  const window = new Window(0);
  const log: string[] = [];
  const changing = { priority: 1, windowOpened: (): void => void log.push("changing") };
  window.await(changing);
  window.await(waiter(window, log, "plain", false));
  window.await({ ...changing, priority: -1 });
  window.await(Object.assign(changing, { priority: -2 }));
  window.resize(1);
  expect(log).toEqual(["plain", "changing", "changing"]);
});

test("those with a higher priority are told first that a window is open", () => {
  const window = new Window();
  const log: string[] = [];
  window.pause();
  for (const [name, priority] of [
    ["low", -1],
    ["plain", 0],
    ["high", 7],
  ] as const) {
    window.await({ ...(priority === 0 ? {} : { priority }), windowOpened: () => void log.push(name) });
  }
  window.resume();
  expect(log).toEqual(["high", "plain", "low"]);
});
