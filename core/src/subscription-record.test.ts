import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeSubscriptions, encodeSubscriptions } from "./subscription-record.ts";
import { type Subscription, wantedBy } from "./subscription.ts";

const subscriptions: fc.Arbitrary<Subscription[]> = fc.array(
  fc.record({
    qos: fc.constantFrom(0 as const, 1 as const, 2 as const),
    retainAsPublished: fc.boolean(),
    id: fc.option(fc.nat(2 ** 32 - 1), { nil: undefined }),
    isRetainedCopy: fc.boolean(),
  }),
);

test("subscriptions come back as they were written", () => {
  fc.assert(
    fc.property(subscriptions, (written) => {
      const read = decodeSubscriptions(encodeSubscriptions(written));
      expect(read.map((each) => ({ id: undefined, isRetainedCopy: false, ...each }))).toEqual(written);
    }),
  );
});

test("the no-local rule leaves out one's own messages, and keeps the same array for all others", () => {
  const all: Subscription[] = [
    { qos: 1, retainAsPublished: false, noLocalFor: "me" },
    { qos: 0, retainAsPublished: false },
  ];
  expect(wantedBy(all, "other")).toBe(all);
  expect(wantedBy(all, "me")).toEqual([all[1]]);
});
