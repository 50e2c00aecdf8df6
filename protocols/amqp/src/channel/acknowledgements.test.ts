import { openTestBroker } from "@dragoman/core/testing";
import { describe, expect, it } from "vitest";
import { TestClient } from "../testing/test-client.ts";

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
