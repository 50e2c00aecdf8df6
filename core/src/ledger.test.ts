import fc from "fast-check";
import { expect, test } from "vitest";
import { Ledger, type Receipts } from "./ledger.ts";
import { MemoryEngine } from "./memory-engine.ts";
import type { PublishOutcome } from "./publishing.ts";
import { SlowEngine } from "./testing/slow-engine.ts";

test("receipts come in the order of the publishes, once each, never before their commit", () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.constant("stored" as const) },
    { weight: 3, arbitrary: fc.constant("not stored" as const) },
    { weight: 2, arbitrary: fc.constant("commit" as const) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), fc.boolean(), (steps, answersAtOnce) => {
      const engine = stalled();
      const got: number[] = [];
      const batches: number[] = [];
      let published = 0;
      const publish = (batch: number): void => {
        batches.push(batch);
        receipts.add(published++, "routed", batch);
      };
      const receipts: Receipts = new Ledger(engine).open({
        accepted(tag) {
          got.push(tag);
          expect(batches[tag]).toBeLessThanOrEqual(engine.committed);
          // A publisher that reacts within the receipt of every third of its publishes.
          if (answersAtOnce && tag % 3 === 0 && published < 200)
            publish(tag % 2 === 0 ? 0 : engine.gathering);
        },
      });
      for (const what of steps) {
        if (what === "commit") engine.commit();
        else publish(what === "stored" ? engine.gathering : 0);
      }
      while (receipts.pending > 0) engine.commit();

      expect(got).toEqual(Array.from({ length: published }, (_, tag) => tag));
    }),
  );
});

test("a publish that needs no storage is answered before the call returns, if none before it waits", () => {
  const { receipts, got } = open();
  receipts.add(1, "routed", 0);
  receipts.add(2, "unroutable", 0);
  expect(got).toEqual(["1 routed", "2 unroutable"]);
});

test("publishers are independent of each other", () => {
  const engine = stalled();
  const ledger = new Ledger(engine);
  const one = open(ledger);
  const other = open(ledger);
  one.receipts.add(1, "routed", engine.gathering);
  other.receipts.add(1, "routed", 0);
  expect([one.got, other.got, one.receipts.pending]).toEqual([[], ["1 routed"], 1]);
});

test("what waits when the engine ends is answered as unavailable, in order", () => {
  const engine = stalled();
  const ledger = new Ledger(engine);
  const { receipts, got } = open(ledger);
  receipts.add(1, "routed", engine.gathering);
  receipts.add(2, "unroutable", 0);
  ledger.fail();
  ledger.fail();
  expect(got).toEqual(["1 unavailable", "2 unavailable"]);
  expect(receipts.pending).toBe(0);
});

function stalled(): SlowEngine {
  const engine = new SlowEngine();
  engine.stall();
  return engine;
}

/** Opens receipts that write down what they are told. */
function open(ledger: Ledger = new Ledger(new MemoryEngine())): { receipts: Receipts; got: string[] } {
  const got: string[] = [];
  const accepted = (tag: number, outcome: PublishOutcome): void => void got.push(`${tag} ${outcome}`);
  return { receipts: ledger.open({ accepted }), got };
}
