import { expect, test } from "vitest";
import { FakeClock } from "./testing/index.ts";
import { Timers } from "./timers.ts";
import { Tokens } from "./tokens.ts";

function open(capacity = 10): { tokens: Tokens<string>; clock: FakeClock } {
  const clock = new FakeClock(0);
  const limits = { tokens: capacity, bytes: 100, bytesOf: ({ length }: string) => length };
  return { tokens: new Tokens(new Timers(clock), 1_000, limits), clock };
}

test("a token stands for its value until its life ends", () => {
  const { tokens, clock } = open();
  const token = tokens.issue("value");
  expect(token).toMatch(/^[\w-]{16}$/);
  clock.advance(999);
  expect(tokens.resolve(token)).toBe("value");
  clock.advance(1);
  expect(tokens.resolve(token)).toBeUndefined();
});

test("nobody but its owner may use a token that has one", () => {
  const { tokens } = open();
  const owner = {};
  const token = tokens.issue("value", owner);
  expect(tokens.resolve(token)).toBeUndefined();
  expect(tokens.resolve(token, {})).toBeUndefined();
  expect(tokens.resolve(token, owner)).toBe("value");
});

test("a token that was never issued stands for nothing", () => {
  expect(open().tokens.resolve("guess")).toBeUndefined();
});

test("the oldest token makes room for a new one", () => {
  const { tokens } = open(2);
  const [first, second, third] = [tokens.issue("1"), tokens.issue("2"), tokens.issue("3")];
  expect([first, second, third].map((token) => tokens.resolve(token))).toEqual([undefined, "2", "3"]);
});

test("the oldest tokens make room for a large one", () => {
  const { tokens } = open();
  const issued = ["a".repeat(40), "b".repeat(40), "c".repeat(10), "d".repeat(50)].map((value) =>
    tokens.issue(value),
  );
  expect(issued.map((token) => tokens.resolve(token)?.[0])).toEqual([undefined, "b", "c", "d"]);
});

test("tokens whose life has ended make room first", () => {
  const { tokens, clock } = open(3);
  tokens.issue("1");
  tokens.issue("2");
  clock.advance(1_000);
  const kept = tokens.issue("3");
  tokens.issue("4");
  tokens.issue("5");
  expect(tokens.resolve(kept)).toBe("3");
});
