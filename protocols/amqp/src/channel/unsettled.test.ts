import type { Delivery } from "@dragoman/core";
import { openTestBroker } from "@dragoman/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AmqpError } from "../codec/amqp-error.ts";
import { TestClient } from "../testing/test-client.ts";
import { type Taken, Unsettled } from "./unsettled.ts";

const command = fc.oneof(
  { weight: 12, arbitrary: fc.constant({ type: "add" as const }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant("skip" as const), count: fc.nat(20) }) },
  { weight: 8, arbitrary: fc.record({ type: fc.constant("oldest" as const), behind: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("one" as const), tag: fc.nat(300) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("upTo" as const), tag: fc.nat(300) }) },
  { weight: 1, arbitrary: fc.constant({ type: "rollback" as const }) },
);

const settle = (): void => {};

/** Unlike any other. */
function delivery(): Delivery {
  const counts = { redelivered: false, deliveryCount: 0 };
  return { message: undefined as never, queueName: "q", subscriptions: undefined, ...counts, settle };
}

/** What the call gives, or that it refuses. */
function attempt<T>(call: () => T): T | "refused" {
  try {
    return call();
  } catch (error) {
    if (error instanceof AmqpError) return "refused";
    throw error;
  }
}

describe("deliveries that await their acknowledgement", () => {
  it("are found by their tags as in a map, whatever comes back in whatever order", () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 300 }), (commands) => {
        const unsettled = new Unsettled();
        const model = new Map<number, Delivery>();
        let lastTag = 0;
        const upTo = (tag: number): Taken[] => [...model].filter(([other]) => other <= tag);
        const forget = (taken: readonly Taken[]): void => {
          for (const [tag] of taken) model.delete(tag);
        };
        for (const step of commands) {
          switch (step.type) {
            case "add": {
              const added = delivery();
              model.set(++lastTag, added);
              expect(unsettled.add(added)).toBe(lastTag);
              break;
            }
            case "skip":
              for (let i = 0; i < step.count; i++) expect(unsettled.nextTag()).toBe(++lastTag);
              break;
            case "oldest": {
              const [tag = 0] = [...model.keys()].slice(step.behind);
              expect(attempt(() => unsettled.takeOne(tag))).toBe(model.get(tag) ?? "refused");
              model.delete(tag);
              break;
            }
            case "one":
              expect(attempt(() => unsettled.takeOne(step.tag))).toBe(model.get(step.tag) ?? "refused");
              model.delete(step.tag);
              break;
            case "upTo": {
              const isKnown = step.tag === 0 || model.has(step.tag);
              const taken = isKnown ? upTo(step.tag === 0 ? Infinity : step.tag) : "refused";
              expect(attempt(() => unsettled.takeUpTo(step.tag))).toEqual(taken);
              if (taken !== "refused") forget(taken);
              break;
            }
            case "rollback": {
              const half = upTo(lastTag >> 1);
              const taken = half.map(([tag]): Taken => [tag, unsettled.takeOne(tag)]);
              unsettled.putBack(taken);
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

/** basic.ack on channel 1. */
function ackFrame(tag: number): number[] {
  return [1, 0, 1, 0, 0, 0, 13, 0, 60, 0, 80, 0, 0, 0, 0, 0, 0, 0, tag, 0, 0xce];
}

describe("a run of acknowledgements", () => {
  it("brings as many deliveries as it settles, in order", async () => {
    const { broker } = await openTestBroker();
    const client = await TestClient.open(broker);
    const flags = { passive: false, durable: false, exclusive: false, autoDelete: false, noWait: false };
    client.send(1, { name: "queue.declare", queue: "q", ...flags, arguments: [] });
    client.send(1, { name: "basic.qos", prefetchSize: 0, prefetchCount: 2, global: false });
    for (let i = 0; i < 6; i++) client.publish({ routingKey: "q" }, String(i));
    const consumer = { consumerTag: "c", noLocal: false, noAck: false, exclusive: false, noWait: false };
    client.send(1, { name: "basic.consume", queue: "q", ...consumer, arguments: [] });
    await client.take();

    client.bytes(Uint8Array.from([...ackFrame(1), ...ackFrame(2)]));

    expect((await client.take()).map(({ body }) => body)).toEqual(["2", "3"]);
  });
});
