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
