import { text, type Value } from "@dragoman/core";
import { openTestBroker } from "@dragoman/core/testing";
import { describe, expect, it } from "vitest";
import { exchangeDeclare, queueBind, queueDeclare, TestClient } from "../testing/test-client.ts";

const LEVELS = 28;

/** How one framework names the parts of its topology. */
interface Naming {
  readonly level: (level: number) => string;
  readonly last: string;
}

const NSERVICEBUS: Naming = {
  level: (level) => `nsb.v2.delay-level-${String(level).padStart(2, "0")}`,
  last: "nsb.v2.delay-delivery",
};

const KOMBU: Naming = {
  level: (level) => `celery_delayed_${level}`,
  last: "celery_delayed_delivery",
};

const int = (value: number): Value => ({ type: "int64", value: BigInt(value) });

/**
 * One level for each bit of the delay in seconds: a message waits 2^level seconds in the level's queue when its
 * bit is 1, and passes by when it is 0.
 */
async function build(client: TestClient, { level, last }: Naming): Promise<void> {
  const declareExchange = (name: string) => client.ask(exchangeDeclare(name, "topic", { durable: true }));
  const bindExchange = (source: string, destination: string, routingKey: string) =>
    client.ask({ name: "exchange.bind", source, destination, routingKey, noWait: false, arguments: [] });
  await declareExchange(last);
  for (let at = 0; at < LEVELS; at++) {
    const next = at === 0 ? last : level(at - 1);
    await declareExchange(level(at));
    await client.ask(
      queueDeclare(level(at), {
        durable: true,
        arguments: [
          ["x-queue-type", text("quorum")],
          ["x-dead-letter-strategy", text("at-least-once")],
          ["x-overflow", text("reject-publish")],
          ["x-message-ttl", int(2 ** at * 1_000)],
          ["x-dead-letter-exchange", text(next)],
        ],
      }),
    );
    const above = "*.".repeat(LEVELS - 1 - at);
    await client.ask(queueBind(level(at), level(at), `${above}1.#`));
    await bindExchange(level(at), next, `${above}0.#`);
  }
  await client.ask(queueDeclare("worker", { durable: true }));
  await client.ask(queueBind("worker", last, "#.worker"));
}

function delayKey(seconds: number): string {
  return `${seconds.toString(2).padStart(LEVELS, "0").split("").join(".")}.worker`;
}

async function arrived(client: TestClient): Promise<string | undefined> {
  client.send(1, { name: "basic.get", queue: "worker", noAck: true });
  const [got] = await client.take();
  return got?.body;
}

describe.each([
  ["NServiceBus", NSERVICEBUS],
  ["kombu's native delayed delivery", KOMBU],
])("the delay of 28 levels that %s builds", (_name, naming) => {
  it.each([0, 1, 2, 5, 10, 63, 86_400 + 1, 2 ** 27, 2 ** 28 - 1])(
    "is %i seconds, to the second",
    async (seconds) => {
      const { broker, clock } = await openTestBroker();
      const client = await TestClient.open(broker);
      await build(client, naming);

      client.publish({ exchange: naming.level(LEVELS - 1), routingKey: delayKey(seconds) }, "late", {
        deliveryMode: 2,
      });

      if (seconds > 0) {
        clock.advance((seconds - 1) * 1_000);
        expect(await arrived(client)).toBeUndefined();
        clock.advance(1_000);
      }
      expect(await arrived(client)).toBe("late");
    },
  );
});
