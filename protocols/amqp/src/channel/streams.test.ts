import { type Headers, text, type Value } from "@dragoman/core";
import { openTestBroker } from "@dragoman/core/testing";
import { describe, expect, it } from "vitest";
import type { ClientMethod } from "../codec/methods/methods.generated.ts";
import { consume, queueDeclare, type Received, TestClient } from "../testing/test-client.ts";

const int64 = (value: bigint): Value => ({ type: "int64", value });
const STREAM: Headers = [["x-queue-type", text("stream")]];

const limited = (argument: string, value: number): ClientMethod =>
  queueDeclare("n", { durable: true, arguments: [...STREAM, [argument, { type: "int32", value }]] });

/** A stream with the bodies 0, 1 and 2, one a second. */
async function open(): Promise<TestClient> {
  const { broker, clock } = await openTestBroker();
  const client = await TestClient.open(broker);
  await client.ask({ name: "basic.qos", prefetchSize: 0, prefetchCount: 10, global: false });
  await client.ask(queueDeclare("s", { durable: true, arguments: STREAM }));
  for (const body of ["0", "1", "2"]) {
    client.publish({ routingKey: "s" }, body);
    clock.advance(1_000);
  }
  return client;
}

function read(
  received: readonly Received[],
): (readonly [body: string | undefined, offset: Value | undefined])[] {
  return received
    .filter(({ method }) => method.name === "basic.deliver")
    .map(({ body, properties }) => [
      body,
      properties?.headers?.find(([name]) => name === "x-stream-offset")?.[1],
    ]);
}

describe("a stream, RabbitMQ's Streams", () => {
  it.each<[string, Value, string[]]>([
    ["first", text("first"), ["0", "1", "2"]],
    ["last", text("last"), ["2"]],
    ["next", text("next"), []],
    ["an offset", { type: "int32", value: 1 }, ["1", "2"]],
    ["an offset of another width", int64(2n), ["2"]],
    ["an age", text("2s"), ["1", "2"]],
  ])("is read from %s, with the place of each message", async (_name, offset, bodies) => {
    const client = await open();

    client.send(1, consume("s", { arguments: [["x-stream-offset", offset]] }));

    const want = bodies.map((body) => [body, int64(BigInt(body))]);
    expect(read(await client.take())).toEqual(want);
  });

  it.each<[string, Value]>([
    ["a word that is none", text("middle")],
    ["an offset below 0", { type: "int32", value: -1 }],
    ["a table", { type: "table", value: [] }],
  ])("refuses to be read from %s with 406", async (_name, offset) => {
    const client = await open();

    const answer = await client.ask(consume("s", { arguments: [["x-stream-offset", offset]] }));

    expect(answer).toMatchObject([{ name: "channel.close", replyCode: 406 }]);
  });

  it("cannot be fetched from: basic.get is 540", async () => {
    const client = await open();

    const answer = await client.ask({ name: "basic.get", queue: "s", noAck: true });

    expect(answer).toMatchObject([{ replyCode: 540 }]);
  });

  it("keeps its messages for x-max-age, which must be an age", async () => {
    const client = await open();
    const declared = (age: string): Promise<unknown> =>
      client.ask(queueDeclare("aged", { durable: true, arguments: [...STREAM, ["x-max-age", text(age)]] }));

    expect(await declared("7D")).toMatchObject([{ name: "queue.declare-ok" }]);
    expect(await declared("8D")).toMatchObject([{ name: "channel.close", replyCode: 406 }]);
  });

  it.each([
    ["named by the server", queueDeclare("", { durable: true, arguments: STREAM })],
    ["auto-delete", queueDeclare("n", { durable: true, autoDelete: true, arguments: STREAM })],
    ["exclusive", queueDeclare("n", { durable: true, exclusive: true, arguments: STREAM })],
    ["not durable", queueDeclare("n", { arguments: STREAM })],
    ["one with priorities", limited("x-max-priority", 5)],
    ["one whose messages expire", limited("x-message-ttl", 5)],
    ["one with a limit of messages", limited("x-max-length", 5)],
  ])("cannot be %s: 406", async (_name, declare) => {
    const client = await open();

    expect(await client.ask(declare)).toMatchObject([{ name: "channel.close", replyCode: 406 }]);
  });

  it("wants to know how much a consumer takes: 406", async () => {
    const client = await open();
    await client.ask({ name: "basic.qos", prefetchSize: 0, prefetchCount: 0, global: false });

    expect(await client.ask(consume("s"))).toMatchObject([
      {
        replyCode: 406,
        replyText: "PRECONDITION_FAILED - consumer prefetch count is not set for 'queue 's' in vhost '/''",
      },
    ]);
  });

  it("is no reason to lose what a queue delivered, when both are refused together", async () => {
    const { broker } = await openTestBroker();
    const client = await TestClient.open(broker);
    await client.ask({ name: "basic.qos", prefetchSize: 0, prefetchCount: 10, global: false });
    await client.ask(queueDeclare("s", { durable: true, arguments: STREAM }));
    await client.ask(queueDeclare("q"));
    for (const queue of ["q", "s"]) {
      await client.ask(consume(queue, { consumerTag: queue }));
      client.publish({ routingKey: queue }, "body");
    }
    await client.take();

    const answer = await client.ask({ name: "basic.nack", deliveryTag: 0, multiple: true, requeue: true });

    expect(answer).toMatchObject([{ name: "connection.close", replyCode: 540 }]);
    const queue = broker.virtualHost("/").topology.queues.get("q");
    expect([queue?.messageCount, queue?.unsettledCount]).toEqual([1, 0]);
  });

  const nack = { name: "basic.nack", deliveryTag: 1, multiple: false, requeue: true } as const;
  it.each<[string, ClientMethod]>([
    ["automatic acknowledgement", consume("s", { consumerTag: "d", noAck: true })],
    ["basic.get", { name: "basic.get", queue: "s", noAck: false }],
    ["queue.purge", { name: "queue.purge", queue: "s", noWait: false }],
    ["basic.nack and basic.reject", nack],
    ["basic.nack and basic.reject", { name: "basic.reject", deliveryTag: 1, requeue: false }],
  ])("does not know %s: 540", async (what, method) => {
    const client = await open();
    await client.ask(consume("s", { arguments: [["x-stream-offset", text("first")]] }));

    expect(await client.ask(method)).toMatchObject([
      {
        name: "connection.close",
        replyCode: 540,
        replyText: `NOT_IMPLEMENTED - ${what} not supported by stream queues queue 's' in vhost '/'`,
      },
    ]);
  });
});
