import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Delivery } from "./delivery.ts";
import { type Taken, Unsettled } from "./unsettled.ts";

const command = fc.oneof(
  { weight: 12, arbitrary: fc.constant({ type: "add" as const }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant("skip" as const), count: fc.nat(20) }) },
  { weight: 8, arbitrary: fc.record({ type: fc.constant("oldest" as const), behind: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("one" as const), number: fc.nat(300) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("upTo" as const), number: fc.nat(300) }) },
  { weight: 1, arbitrary: fc.constant({ type: "rollback" as const }) },
);

const settle = (): void => {};

/** Unlike any other. */
function delivery(): Delivery {
  const counts = { redelivered: false, deliveryCount: 0 };
  return { message: undefined as never, queueName: "q", subscriptions: undefined, ...counts, settle };
}

describe("deliveries that await their acknowledgement", () => {
  it("are found by their numbers as in a map, whatever comes back in whatever order", () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 300 }), (commands) => {
        const unsettled = new Unsettled();
        const model = new Map<number, Delivery>();
        let last = 0;
        const upTo = (number: number): Taken[] => [...model].filter(([other]) => other <= number);
        const forget = (taken: readonly Taken[]): void => {
          for (const [number] of taken) model.delete(number);
        };
        for (const step of commands) {
          switch (step.type) {
            case "add": {
              const added = delivery();
              model.set(++last, added);
              expect(unsettled.add(added)).toBe(last);
              break;
            }
            case "skip":
              for (let i = 0; i < step.count; i++) expect(unsettled.nextNumber()).toBe(++last);
              break;
            case "oldest": {
              const [number = 0] = [...model.keys()].slice(step.behind);
              expect(unsettled.takeOne(number)).toBe(model.get(number));
              model.delete(number);
              break;
            }
            case "one":
              expect(unsettled.takeOne(step.number)).toBe(model.get(step.number));
              model.delete(step.number);
              break;
            case "upTo": {
              const taken = model.has(step.number) ? upTo(step.number) : [];
              expect(unsettled.takeUpTo(step.number)).toEqual(taken);
              forget(taken);
              break;
            }
            case "rollback": {
              const half = upTo(last >> 1);
              for (const [number] of half) unsettled.takeOne(number);
              unsettled.putBack(half);
              break;
            }
          }
          expect(unsettled.count).toBe(model.size);
        }
        expect(unsettled.takeAll()).toEqual([...model]);
      }),
    );
  });
});
