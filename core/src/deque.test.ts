import fc from "fast-check";
import { expect, test } from "vitest";
import { Deque } from "./deque.ts";

const command = fc.oneof(
  { weight: 20, arbitrary: fc.constant({ type: "push" as const }) },
  { weight: 4, arbitrary: fc.constant({ type: "unshift" as const }) },
  { weight: 10, arbitrary: fc.constant({ type: "shift" as const }) },
  { weight: 4, arbitrary: fc.constant({ type: "rotate" as const }) },
  { weight: 6, arbitrary: fc.record({ type: fc.constant("insert" as const), place: fc.nat(1_000) }) },
  { weight: 6, arbitrary: fc.record({ type: fc.constant("remove" as const), place: fc.nat(1_000) }) },
  { weight: 1, arbitrary: fc.constant({ type: "clear" as const }) },
);

test("a deque does what an array does, under any commands", () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 400 }), (commands) => {
      const deque = new Deque<number>();
      let model: number[] = [];
      let next = 0;
      for (const step of commands) {
        const item = next++;
        switch (step.type) {
          case "push":
            deque.push(item);
            model.push(item);
            break;
          case "unshift":
            deque.unshift(item);
            model.unshift(item);
            break;
          case "shift":
            expect(deque.shift()).toBe(model.shift());
            break;
          case "rotate":
            deque.rotate();
            model.push(...model.splice(0, 1));
            break;
          case "insert": {
            const index = step.place % (model.length + 1);
            deque.insert(index, item);
            model.splice(index, 0, item);
            break;
          }
          case "remove": {
            const index = step.place % (model.length + 1);
            expect(deque.remove(index)).toBe(model.splice(index, 1)[0]);
            break;
          }
          case "clear":
            deque.clear();
            model = [];
            break;
        }
        expect(deque.length).toBe(model.length);
        expect(deque.first()).toBe(model[0]);
      }
      expect([...deque]).toEqual(model);
      expect(model.map((_, index) => deque.at(index))).toEqual(model);
    }),
  );
});

test("a deque that was long is short again, and still in order", () => {
  const deque = new Deque<number>();
  for (let i = 0; i < 1_000; i++) deque.push(i);
  for (let i = 0; i < 990; i++) deque.shift();

  expect([...deque]).toEqual([990, 991, 992, 993, 994, 995, 996, 997, 998, 999]);
});

test("there is nothing outside of a deque's ends", () => {
  const deque = new Deque<string>();
  deque.push("only");

  expect([deque.at(-1), deque.at(1), deque.remove(-1), deque.remove(1)]).toEqual(Array(4).fill(undefined));
  expect(deque.length).toBe(1);
});
