import type { Delivery } from "@dragoman/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CumulativeDeliveries, IndividualDeliveries, type Pending } from "./pending-deliveries.ts";

/** Only who it is matters. */
const delivery: Pick<Delivery, "queueName" | "settle"> = { queueName: "q", settle: () => undefined };
const some = delivery as Delivery;

type Step =
  | { readonly kind: "add"; readonly gap: number }
  | { readonly kind: "take"; readonly number: number }
  | { readonly kind: "putBack" }
  | { readonly kind: "takeAll" };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant("add" as const), gap: fc.integer({ min: 1, max: 3 }) }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("take" as const), number: fc.nat(40) }) },
  { weight: 2, arbitrary: fc.constant({ kind: "putBack" as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: "takeAll" as const }) },
);

const numbers = (pending: readonly Pending[]): number[] => pending.map(([number]) => number);

describe.each([
  { name: "individual", open: () => new IndividualDeliveries(), means: (n: number, of: number) => n === of },
  { name: "cumulative", open: () => new CumulativeDeliveries(), means: (n: number, of: number) => n <= of },
])("$name deliveries", ({ open, means }) => {
  it("are those that a plain list would hold and give", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const pending = open();
        let list: number[] = [];
        let taken: Pending[] = [];
        let last = 0;
        for (const each of steps) {
          if (each.kind === "add") {
            last += each.gap;
            pending.add(last, some);
            list.push(last);
          } else if (each.kind === "putBack") {
            pending.putBack(taken);
            list = [...list, ...numbers(taken)].toSorted((a, b) => a - b);
            taken = [];
          } else {
            const wanted = list.filter(
              (number) =>
                each.kind === "takeAll" || (list.includes(each.number) && means(number, each.number)),
            );
            const got = each.kind === "takeAll" ? pending.takeAll() : pending.take(each.number);
            expect(numbers(got)).toEqual(wanted);
            list = list.filter((number) => !wanted.includes(number));
            taken.push(...got);
          }
          expect(pending.size).toBe(list.length);
        }
      }),
    );
  });
});
