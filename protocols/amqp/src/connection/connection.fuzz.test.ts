import { ByteWriter } from "@dragoman/core";
import { openTestBroker } from "@dragoman/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { writeContent } from "../codec/content.ts";
import { writeMethod } from "../codec/method.ts";
import { anyMethod } from "../codec/methods/methods.arbitraries.ts";
import type { Method } from "../codec/methods/methods.generated.ts";
import { basicProperties } from "../codec/properties.arbitraries.ts";
import { encodeProperties } from "../codec/properties.ts";
import { PROTOCOL_HEADER } from "../codec/protocol-header.ts";
import { consume, exchangeDeclare, queueBind, queueDeclare, TestClient } from "../testing/test-client.ts";

const channel = fc.integer({ min: 0, max: 3 });

function methodFrame(number: number, method: Method): Buffer {
  const writer = new ByteWriter();
  writeMethod(writer, number, method);
  return writer.finish();
}

/** Methods that go deep, since their names exist. */
const likely: fc.Arbitrary<Method> = fc.constantFrom<Method[]>(
  { name: "channel.open" },
  { name: "channel.close", replyCode: 200, replyText: "", classId: 0, methodId: 0 },
  { name: "channel.close-ok" },
  queueDeclare("q"),
  queueDeclare("", { exclusive: true }),
  exchangeDeclare("e", "topic"),
  queueBind("q", "e", "#"),
  consume("q", { consumerTag: "" }),
  consume("amq.rabbitmq.reply-to", { consumerTag: "", noAck: true }),
  { name: "basic.publish", exchange: "", routingKey: "q", mandatory: true, immediate: false },
  { name: "basic.get", queue: "q", noAck: false },
  { name: "basic.ack", deliveryTag: 1, multiple: true },
  { name: "basic.nack", deliveryTag: 0, multiple: true, requeue: true },
  { name: "basic.recover", requeue: true },
  { name: "queue.delete", queue: "q", ifUnused: false, ifEmpty: false, noWait: false },
  { name: "tx.select" },
  { name: "tx.commit" },
  { name: "tx.rollback" },
  { name: "confirm.select", nowait: false },
  { name: "channel.flow", active: false },
);

const publish = fc
  .tuple(channel, basicProperties, fc.uint8Array({ maxLength: 50 }), fc.constantFrom("", "e", "amq.topic"))
  .map(([number, properties, body, exchange]) => {
    const writer = new ByteWriter();
    const address = { exchange, routingKey: "q", mandatory: true, immediate: false };
    writeMethod(writer, number, { name: "basic.publish", ...address });
    writeContent(writer, number, encodeProperties(properties), body, 4096);
    return Buffer.from(writer.finish());
  });

const bytes = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(channel, likely).map(([number, method]) => methodFrame(number, method)) },
  {
    weight: 2,
    arbitrary: fc.tuple(channel, anyMethod).map(([number, method]) => methodFrame(number, method)),
  },
  { weight: 3, arbitrary: publish },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }).map((random) => Buffer.from(random)) },
);

describe("whatever a client sends", () => {
  it("is answered or ends the connection, and leaves nothing behind", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(bytes, { maxLength: 25 }), fc.nat(40), async (parts, cut) => {
        const { broker } = await openTestBroker();
        const client = await TestClient.open(broker);
        const stream = Buffer.concat([methodFrame(2, { name: "channel.open" }), ...parts]);
        for (let at = 0; at < stream.length; at += cut + 5) client.bytes(stream.subarray(at, at + cut + 5));
        await client.take();
        client.connection.closed();
        await client.settle();

        expect(broker.clients.size).toBe(0);
        for (const queue of broker.virtualHost("/").topology.queues.values()) {
          expect([queue.consumerCount, queue.unsettledCount]).toEqual([0, 0]);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("is no harm before the connection is open", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(bytes, { maxLength: 5 }), fc.boolean(), async (parts, speaks) => {
        const { broker } = await openTestBroker();
        const client = new TestClient(broker);
        client.bytes(Buffer.concat([speaks ? PROTOCOL_HEADER : Buffer.alloc(0), ...parts]));
        await client.settle();

        expect(broker.clients.size).toBe(0);
      }),
      { numRuns: 200 },
    );
  });
});
