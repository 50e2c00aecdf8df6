import fc from "fast-check";
import type { Settlement } from "./delivery.ts";
import type { QueueOptions } from "./queue-options.ts";

/** What a test does to a queue. Places are taken modulo what there is. */
export type QueueCommand =
  | {
      readonly type: "publish";
      readonly priority: number | undefined;
      readonly ttlMs: number | undefined;
      readonly size: number;
      readonly isRed: boolean;
      readonly durable: boolean;
    }
  | {
      readonly type: "consume";
      readonly priority: number;
      readonly limit: number;
      readonly sharesWindow: boolean;
      readonly autoSettle: boolean;
      readonly wantsRedOnly: boolean;
      readonly exclusive: boolean;
      /** Settles within its own delivery. */
      readonly settlesAtOnce: boolean;
    }
  | { readonly type: "cancel"; readonly place: number }
  | { readonly type: "settle"; readonly place: number; readonly settlement: Settlement }
  | { readonly type: "get" }
  | { readonly type: "purge" }
  | { readonly type: "pass"; readonly ms: number }
  | { readonly type: "resize"; readonly place: number; readonly limit: number }
  | { readonly type: "page out" }
  | { readonly type: "pause" }
  | { readonly type: "resume" };

const place = fc.nat(20);
const settlement = fc.constantFrom<Settlement[]>("accepted", "released", "untouched", "rejected");
const rarely = fc.integer({ min: 0, max: 9 }).map((roll) => roll === 0);

export const queueCommands: fc.Arbitrary<QueueCommand[]> = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        type: fc.constant("publish" as const),
        priority: fc.option(fc.nat(5), { nil: undefined }),
        ttlMs: fc.option(fc.nat(30), { nil: undefined, freq: 2 }),
        size: fc.integer({ min: 1, max: 3 }),
        isRed: fc.boolean(),
        durable: fc.integer({ min: 0, max: 3 }).map((roll) => roll > 0),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        type: fc.constant("consume" as const),
        priority: fc.nat(2),
        limit: fc.integer({ min: 1, max: 4 }),
        sharesWindow: fc.boolean(),
        autoSettle: rarely,
        wantsRedOnly: rarely,
        exclusive: rarely,
        settlesAtOnce: rarely,
      }),
    },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("cancel" as const), place }) },
    { weight: 8, arbitrary: fc.record({ type: fc.constant("settle" as const), place, settlement }) },
    { weight: 2, arbitrary: fc.constant({ type: "get" as const }) },
    { weight: 1, arbitrary: fc.constant({ type: "purge" as const }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant("pass" as const), ms: fc.nat(20) }) },
    {
      weight: 1,
      arbitrary: fc.record({ type: fc.constant("resize" as const), place, limit: fc.nat(4) }),
    },
    { weight: 1, arbitrary: fc.constant({ type: "page out" as const }) },
    { weight: 1, arbitrary: fc.constant({ type: "pause" as const }) },
    { weight: 2, arbitrary: fc.constant({ type: "resume" as const }) },
  ),
  { maxLength: 80 },
);

/** Without autoDelete, expiry of the queue and exclusiveness, which have tests of their own. */
export const queueOptions: fc.Arbitrary<QueueOptions> = fc.record({
  durable: fc.boolean(),
  exclusive: fc.constant(false),
  autoDelete: fc.constant(false),
  deadLetter: fc.constant({ exchange: "dead" }),
  maxPriority: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
  maxLength: fc.option(fc.nat(6), { nil: undefined, freq: 2 }),
  maxBytes: fc.option(fc.integer({ min: 0, max: 12 }), { nil: undefined, freq: 3 }),
  overflow: fc.constantFrom(
    undefined,
    "drop-head" as const,
    "reject-publish" as const,
    "reject-publish-dead-letter" as const,
  ),
  messageTtlMs: fc.option(fc.nat(40), { nil: undefined, freq: 3 }),
  deliveryLimit: fc.option(fc.nat(2), { nil: undefined, freq: 2 }),
  singleActiveConsumer: fc.option(fc.constant(true), { nil: undefined, freq: 3 }),
});
