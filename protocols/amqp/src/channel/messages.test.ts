import type { Broker } from "@dragoman/core";
import { ByteWriter, type Headers, text, type Value } from "@dragoman/core";
import { openTestBroker } from "@dragoman/core/testing";
import { describe, expect, it, test } from "vitest";
import { writeMethod } from "../codec/method.ts";
import type { ClientMethod } from "../codec/methods/methods.generated.ts";
import {
  consume,
  exchangeDeclare,
  queueBind,
  queueDeclare,
  type Received,
  TestClient,
} from "../testing/test-client.ts";

async function open(): Promise<TestClient> {
  const { broker } = await openTestBroker();
  const client = await TestClient.open(broker);
  await client.ask(queueDeclare("q"));
  return client;
}

const get = (queue = "q", noAck = true): ClientMethod => ({ name: "basic.get", queue, noAck });
const ack = (deliveryTag: number, multiple = false): ClientMethod => ({
  name: "basic.ack",
  deliveryTag,
  multiple,
});
const nack = (deliveryTag: number, multiple: boolean, requeue: boolean): ClientMethod => ({
  name: "basic.nack",
  deliveryTag,
  multiple,
  requeue,
});
const qos = (prefetchCount: number, global = false): ClientMethod => ({
  name: "basic.qos",
  prefetchSize: 0,
  prefetchCount,
  global,
});
const int64 = (value: bigint): Value => ({ type: "int64", value });
const confirmSelect: ClientMethod = { name: "confirm.select", nowait: false };

const publishFour = (client: TestClient): void => {
  for (const body of ["1", "2", "3", "4"]) client.publish({ routingKey: "q" }, body);
};

const list = (...keys: string[]): Value => ({ type: "array", value: keys.map(text) });

async function asker(broker: Broker): Promise<TestClient> {
  const client = await TestClient.open(broker);
  client.send(1, consume("amq.rabbitmq.reply-to", { noAck: true, consumerTag: "answers" }));
  expect(await client.methods()).toEqual([{ name: "basic.consume-ok", consumerTag: "answers" }]);
  return client;
}

const deadLetter = (...more: Headers): Headers => [["x-dead-letter-exchange", text("amq.fanout")], ...more];

async function withGrave(
  args: Headers,
): Promise<{ client: TestClient; clock: { advance(ms: number): void } }> {
  const { broker, clock } = await openTestBroker();
  const client = await TestClient.open(broker);
  await client.ask(queueDeclare("grave"));
  await client.ask(queueBind("grave", "amq.fanout", ""));
  await client.ask(queueDeclare("q", { arguments: args }));
  return { client, clock };
}

async function deliveries(client: TestClient): Promise<(string | undefined)[]> {
  const received = await client.take();
  return received.filter(({ method }) => method.name === "basic.deliver").map(({ body }) => body);
}

async function ready(client: TestClient, queue = "q"): Promise<unknown> {
  const [answer] = await client.ask(queueDeclare(queue, { passive: true }));
  return answer;
}

describe("basic.get, AMQP 0-9-1 §1.8.3.10", () => {
  it("fetches one message with its address and properties, and tells how many are left", async () => {
    const client = await open();
    client.publish({ routingKey: "q" }, "one", { contentType: "text/plain", headers: [["a", text("b")]] });
    client.publish({ routingKey: "q" }, "two");
    client.send(1, get());
    const [got] = await client.take();

    expect(got?.method).toEqual({
      name: "basic.get-ok",
      deliveryTag: 1,
      redelivered: false,
      exchange: "",
      routingKey: "q",
      messageCount: 1,
    });
    expect(got?.body).toBe("one");
    expect(got?.properties?.contentType).toBe("text/plain");
    expect(got?.properties?.headers).toEqual([["a", text("b")]]);
  });

  it("says when there is nothing, and when there is no queue", async () => {
    const client = await open();

    expect(await client.ask(get())).toEqual([{ name: "basic.get-empty" }]);
    expect(await client.ask(get("none"))).toMatchObject([{ replyCode: 404 }]);
  });

  it("waits for the head of a queue that is on the disk, also when many are asked for at once", async () => {
    const one = { entries: 1, bytes: 1 };
    const paging = { largest: one, kept: one, ahead: one, smallest: one, search: one, read: one };
    const { broker } = await openTestBroker({ paging });
    const client = await TestClient.open(broker);
    await client.ask(queueDeclare("long", { durable: true }));
    const bodies = ["1", "2", "3", "4", "5"];
    for (const body of bodies) client.publish({ routingKey: "long" }, body, { deliveryMode: 2 });
    for (const _ of bodies) client.send(1, get("long"));
    client.send(1, get("long"));
    const received = await client.take();

    expect(received.map(({ method, body }) => body ?? method.name)).toEqual([...bodies, "basic.get-empty"]);
  });

  it("takes nothing out for a client that goes while the queue is read", async () => {
    const one = { entries: 1, bytes: 1 };
    const paging = { largest: one, kept: one, ahead: one, smallest: one, search: one, read: one };
    const { broker } = await openTestBroker({ paging });
    const client = await TestClient.open(broker);
    await client.ask(queueDeclare("long", { durable: true }));
    for (const body of ["1", "2"]) client.publish({ routingKey: "long" }, body, { deliveryMode: 2 });
    client.send(1, get("long"));
    client.send(1, get("long"));
    client.connection.closed();
    await client.settle();

    expect(broker.virtualHost("/").topology.queues.get("long")?.messageCount).toBe(1);
  });

  it("is not limited by any prefetch", async () => {
    const client = await open();
    await client.ask(qos(1, true));
    client.publish({ routingKey: "q" });
    client.publish({ routingKey: "q" });

    expect(await client.ask(get("q", false))).toMatchObject([{ deliveryTag: 1 }]);
    expect(await client.ask(get("q", false))).toMatchObject([{ deliveryTag: 2 }]);
  });
});

describe("a peer that does not read what it asked for", () => {
  it("is not heard until it has read it", async () => {
    const { broker } = await openTestBroker({ maxMessageBytes: 1024 });
    const client = await TestClient.open(broker);
    await client.ask(queueDeclare("q"));
    publishFour(client);
    client.transport.bufferedBytes = 2 * 1024 * 1024;
    client.send(1, get("q"));
    client.send(1, get("q"));
    expect(await client.methods()).toEqual([]);
    expect(client.transport.isPaused).toBe(true);
    client.transport.bufferedBytes = 0;
    client.connection.drained();

    expect((await client.take()).map(({ body }) => body)).toEqual(["1", "2"]);
    expect(client.transport.isPaused).toBe(false);
  });

  it("is not heard from the answer on that is too much, though it asked for more at once", async () => {
    const { broker } = await openTestBroker({ maxMessageBytes: 1024 * 1024 });
    const client = await TestClient.open(broker);
    await client.ask(queueDeclare("q"));
    for (let i = 0; i < 5; i++) client.publish({ routingKey: "q" }, "x".repeat(700 * 1024));
    const { transport } = client;
    const send = transport.send.bind(transport);
    transport.send = (bytes) => {
      send(bytes);
      transport.bufferedBytes += bytes.length;
    };
    const writer = new ByteWriter();
    for (let i = 0; i < 5; i++) writeMethod(writer, 1, get());
    client.bytes(writer.finish());

    expect(await client.take()).toHaveLength(3);
  });
});

describe("basic.consume, AMQP 0-9-1 §1.8.3.3", () => {
  it("answers before the first delivery, and delivers in order", async () => {
    const client = await open();
    client.publish({ routingKey: "q" }, "one");
    client.publish({ routingKey: "q" }, "two");
    client.send(1, consume("q"));

    expect(await client.take()).toMatchObject([
      { method: { name: "basic.consume-ok", consumerTag: "c" } },
      {
        method: { name: "basic.deliver", consumerTag: "c", deliveryTag: 1, redelivered: false },
        body: "one",
      },
      { method: { name: "basic.deliver", deliveryTag: 2, exchange: "", routingKey: "q" }, body: "two" },
    ]);
  });

  it("names a consumer that has no name", async () => {
    const client = await open();

    expect(await client.ask(consume("q", { consumerTag: "" }))).toMatchObject([
      { consumerTag: expect.stringMatching(/^amq\.ctag-/) },
    ]);
  });

  it("ends the connection with 530 when a tag is used again", async () => {
    const client = await open();
    await client.ask(consume("q"));

    expect(await client.ask(consume("q"))).toMatchObject([
      {
        name: "connection.close",
        replyCode: 530,
        replyText: "NOT_ALLOWED - attempt to reuse consumer tag 'c'",
      },
    ]);
  });

  it("refuses a second consumer beside an exclusive one: 403", async () => {
    const client = await open();
    await client.ask(consume("q", { exclusive: true }));

    expect(await client.ask(consume("q", { consumerTag: "d" }))).toMatchObject([
      { replyCode: 403, replyText: "ACCESS_REFUSED - queue 'q' in vhost '/' in exclusive use" },
    ]);
  });

  it("refuses a priority that is no number, and exclusiveness where consumers take turns", async () => {
    const client = await open();
    expect(await client.ask(consume("q", { arguments: [["x-priority", text("high")]] }))).toMatchObject([
      { replyCode: 406, replyText: expect.stringMatching(/invalid arg 'x-priority' for queue 'q'/) },
    ]);
    client.send(1, { name: "channel.close-ok" });
    client.send(1, { name: "channel.open" });
    await client.take();
    const single: Headers = [["x-single-active-consumer", { type: "boolean", value: true }]];
    await client.ask(queueDeclare("single", { arguments: single }));

    expect(await client.ask(consume("single", { exclusive: true }))).toMatchObject([{ replyCode: 403 }]);
  });

  it("serves the consumer of higher priority first", async () => {
    const client = await open();
    await client.ask(qos(1));
    await client.ask(consume("q", { consumerTag: "low" }));
    const priority: Headers = [["x-priority", { type: "int8", value: 5 }]];
    await client.ask(consume("q", { consumerTag: "high", arguments: priority }));
    client.publish({ routingKey: "q" });
    client.publish({ routingKey: "q" });

    expect(await client.methods()).toMatchObject([{ consumerTag: "high" }, { consumerTag: "low" }]);
  });

  it("tells a client that wants to know when the queue goes, after its answer", async () => {
    const { broker } = await openTestBroker();
    const capabilities: Headers = [
      [
        "capabilities",
        { type: "table", value: [["consumer_cancel_notify", { type: "boolean", value: true }]] },
      ],
    ];
    const client = await TestClient.open(broker, { startOk: { clientProperties: capabilities } });
    await client.ask(queueDeclare("q"));
    await client.ask(consume("q"));

    expect(
      await client.ask({ name: "queue.delete", queue: "q", ifUnused: false, ifEmpty: false, noWait: false }),
    ).toMatchObject([
      { name: "queue.delete-ok", messageCount: 0 },
      { name: "basic.cancel", consumerTag: "c", noWait: true },
    ]);
  });

  it("cuts what it delivers into frames of the agreed size", async () => {
    const { broker } = await openTestBroker();
    const client = await TestClient.open(broker, { tuneOk: { frameMax: 4096 } });
    await client.ask(queueDeclare("q"));
    const body = "x".repeat(10_000);
    client.publish({ routingKey: "q" }, body);

    client.send(1, get());
    expect(await client.take()).toMatchObject([{ body }]);
  });

  it("stops while the peer does not read, and goes on when it does", async () => {
    const client = await open();
    await client.ask(consume("q", { noAck: true }));
    client.transport.bufferedBytes = 1_000_000;
    client.publish({ routingKey: "q" }, "one");
    await client.settle();
    client.publish({ routingKey: "q" }, "two");
    expect(await deliveries(client)).toEqual(["one"]);

    client.transport.bufferedBytes = 0;
    client.connection.drained();
    expect(await deliveries(client)).toEqual(["two"]);
  });

  it.each(["AMQP 0.9.1 Client", "https://github.com/streadway/amqp", ""])(
    "refuses to stop for '%s', which takes an answer for a fault: 540",
    async (product) => {
      const { broker } = await openTestBroker();
      const client = await TestClient.open(broker, {
        startOk: { clientProperties: [["product", text(product)]] },
      });

      expect(await client.ask({ name: "channel.flow", active: true })).toMatchObject([
        { name: "channel.flow-ok" },
      ]);
      expect(await client.ask({ name: "channel.flow", active: false })).toMatchObject([
        { name: "connection.close", replyCode: 540, replyText: "NOT_IMPLEMENTED - active=false" },
      ]);
    },
  );

  it("stops for channel.flow and goes on, §1.5.2.3", async () => {
    const { broker } = await openTestBroker();
    const clientProperties: Headers = [["product", text("pika")]];
    const client = await TestClient.open(broker, { startOk: { clientProperties } });
    await client.ask(queueDeclare("q"));
    await client.ask(consume("q"));
    expect(await client.ask({ name: "channel.flow", active: false })).toEqual([
      { name: "channel.flow-ok", active: false },
    ]);
    client.publish({ routingKey: "q" });

    expect(await client.methods()).toEqual([]);
    expect(await client.ask({ name: "channel.flow", active: true })).toMatchObject([
      { name: "basic.deliver" },
      { name: "channel.flow-ok", active: true },
    ]);
  });
});

describe("basic.cancel, AMQP 0-9-1 §1.8.3.5", () => {
  it("ends the deliveries and leaves what is unacknowledged with the client", async () => {
    const client = await open();
    await client.ask(consume("q"));
    client.publish({ routingKey: "q" }, "held");
    await client.take();

    expect(await client.ask({ name: "basic.cancel", consumerTag: "c", noWait: false })).toEqual([
      { name: "basic.cancel-ok", consumerTag: "c" },
    ]);
    client.publish({ routingKey: "q" }, "waits");
    expect(await ready(client)).toMatchObject({ messageCount: 1, consumerCount: 0 });
    expect(await client.ask(ack(1))).toEqual([]);
  });

  it("takes an auto-delete queue along with its last consumer", async () => {
    const client = await open();
    await client.ask(queueDeclare("auto", { autoDelete: true }));
    await client.ask(consume("auto"));
    await client.ask({ name: "basic.cancel", consumerTag: "c", noWait: false });

    expect(await ready(client, "auto")).toMatchObject({ replyCode: 404 });
  });
});

describe("basic.qos, RabbitMQ's consumer prefetch", () => {
  it("limits each consumer that comes after it", async () => {
    const client = await open();
    publishFour(client);
    await client.ask(qos(1));
    client.send(1, consume("q"));
    expect(await deliveries(client)).toEqual(["1"]);
    client.send(1, consume("q", { consumerTag: "d" }));
    expect(await deliveries(client)).toEqual(["2"]);

    client.send(1, ack(2, true));
    expect(await deliveries(client)).toEqual(["3", "4"]);
  });

  it("limits the channel as a whole with `global`, at once", async () => {
    const client = await open();
    publishFour(client);
    await client.ask(qos(1, true));
    client.send(1, consume("q"));
    client.send(1, consume("q", { consumerTag: "d" }));
    expect(await deliveries(client)).toEqual(["1"]);

    client.send(1, qos(3, true));
    expect(await deliveries(client)).toEqual(["2", "3"]);
    client.send(1, qos(0, true));
    expect(await deliveries(client)).toEqual(["4"]);
  });

  it("resizes running consumers of py-amqp, which means it so", async () => {
    const { broker } = await openTestBroker();
    const client = await TestClient.open(broker, {
      startOk: { clientProperties: [["product", text("py-amqp")]] },
    });
    await client.ask(queueDeclare("q"));
    publishFour(client);
    await client.ask(qos(1));
    client.send(1, consume("q"));
    expect(await deliveries(client)).toEqual(["1"]);

    client.send(1, qos(2));
    expect(await deliveries(client)).toEqual(["2"]);
  });

  it("knows no limit in bytes: 540", async () => {
    const client = await open();

    expect(
      await client.ask({ name: "basic.qos", prefetchSize: 10, prefetchCount: 0, global: false }),
    ).toMatchObject([{ name: "connection.close", replyCode: 540 }]);
  });
});

describe("acknowledgements, AMQP 0-9-1 §1.8.3.13", () => {
  it("settle one or all up to a tag; tag 0 stands for all there are", async () => {
    const client = await open();
    for (const body of ["1", "2", "3", "4"]) client.publish({ routingKey: "q" }, body);
    await client.ask(consume("q"));

    expect(await client.ask(ack(2))).toEqual([]);
    expect(await client.ask(ack(3, true))).toEqual([]);
    expect(await client.ask(ack(0, true))).toEqual([]);
    expect(await client.ask(ack(0, true))).toEqual([]);
    expect(await client.ask(ack(4))).toMatchObject([
      {
        replyCode: 406,
        replyText: "PRECONDITION_FAILED - unknown delivery tag 4",
        classId: 60,
        methodId: 80,
      },
    ]);
  });

  it("give back in the original order, marked as redelivered", async () => {
    const client = await open();
    for (const body of ["1", "2", "3"]) client.publish({ routingKey: "q" }, body);
    await client.ask(get("q", false));
    await client.ask(get("q", false));
    await client.ask(nack(2, true, true));

    client.send(1, get());
    client.send(1, get());
    client.send(1, get());
    expect(await client.take()).toMatchObject([
      { method: { redelivered: true }, body: "1" },
      { method: { redelivered: true }, body: "2" },
      { method: { redelivered: false }, body: "3" },
    ]);
  });

  it("give back what a closed channel held", async () => {
    const client = await open();
    client.publish({ routingKey: "q" }, "1");
    await client.ask(consume("q"));
    client.send(1, { name: "channel.close", replyCode: 200, replyText: "", classId: 0, methodId: 0 });
    client.send(1, { name: "channel.open" });
    await client.take();

    client.send(1, get());
    expect(await client.take()).toMatchObject([{ method: { redelivered: true }, body: "1" }]);
  });

  it("count deliveries in a queue that limits or counts them", async () => {
    const client = await open();
    await client.ask(queueDeclare("counted", { arguments: [["x-queue-type", text("quorum")]] }));
    client.publish({ routingKey: "counted" }, "", { headers: [["a", text("b")]] });
    await client.ask(get("counted", false));
    await client.ask({ name: "basic.reject", deliveryTag: 1, requeue: true });

    client.send(1, get("counted"));
    const [got] = await client.take();
    expect(got?.properties?.headers).toEqual([
      ["a", text("b")],
      ["x-delivery-count", int64(1n)],
    ]);
  });

  it("basic.recover gives back everything, §1.8.3.16", async () => {
    const client = await open();
    client.publish({ routingKey: "q" }, "1");
    await client.ask(get("q", false));

    expect(await client.ask({ name: "basic.recover", requeue: true })).toEqual([
      { name: "basic.recover-ok" },
    ]);
    await client.ask({ name: "basic.recover-async", requeue: true });
    expect(await ready(client)).toMatchObject({ messageCount: 1 });
    expect(await client.ask({ name: "basic.recover", requeue: false })).toMatchObject([{ replyCode: 540 }]);
  });
});

describe("basic.publish, AMQP 0-9-1 §1.8.3.9", () => {
  test.each([
    {
      why: "an exchange that is not there",
      to: { exchange: "x", routingKey: "q" },
      properties: {},
      code: 404,
    },
    { why: "an internal exchange", to: { exchange: "i", routingKey: "q" }, properties: {}, code: 403 },
    { why: "an expiration in words", to: { routingKey: "q" }, properties: { expiration: "soon" }, code: 406 },
    { why: "another's user_id", to: { routingKey: "q" }, properties: { userId: "root" }, code: 406 },
    {
      why: "a reply address that is not there",
      to: { routingKey: "q" },
      properties: { replyTo: "amq.rabbitmq.reply-to" },
      code: 406,
    },
    {
      why: "a CC that is no list",
      to: { routingKey: "q" },
      properties: { headers: [["CC", text("q")]] as Headers },
      code: 406,
    },
  ])("refuses $why with $code on the channel", async ({ to, properties, code }) => {
    const client = await open();
    await client.ask(exchangeDeclare("i", "fanout", { internal: true }));
    client.publish(to, "body", properties);

    expect(await client.methods()).toMatchObject([
      { name: "channel.close", replyCode: code, classId: 60, methodId: 40 },
    ]);
  });

  test.each([
    { expiration: "soon", why: "no_integer" },
    { expiration: "", why: "no_integer" },
    { expiration: "-1", why: "{value_negative,-1}" },
    { expiration: "1.5", why: '{leftover_string,".5"}' },
    { expiration: "315360000001", why: "{value_too_large,315360000001}" },
  ])("refuses expiration '$expiration' in RabbitMQ's words", async ({ expiration, why }) => {
    const client = await open();
    client.publish({ routingKey: "q" }, "", { expiration });

    expect(await client.methods()).toMatchObject([
      { replyCode: 406, replyText: `PRECONDITION_FAILED - invalid expiration '${expiration}': ${why}` },
    ]);
  });

  it("takes its own user's user_id", async () => {
    const client = await open();
    client.publish({ routingKey: "q" }, "", { userId: "guest" });

    expect(await ready(client)).toMatchObject({ messageCount: 1 });
  });

  it("knows no immediate: 540", async () => {
    const client = await open();
    client.send(1, {
      name: "basic.publish",
      exchange: "",
      routingKey: "q",
      mandatory: false,
      immediate: true,
    });
    client.bytes(
      Buffer.from("02 0001 0000000e 003c 0000 0000000000000000 0000 ce".replaceAll(" ", ""), "hex"),
    );

    expect(await client.methods()).toMatchObject([{ name: "connection.close", replyCode: 540 }]);
  });

  it("refuses a body that is too large as soon as its size is known, and only on its channel", async () => {
    const { broker } = await openTestBroker({ maxMessageBytes: 1000 });
    const client = await TestClient.open(broker);
    client.publish({ routingKey: "q" }, "x".repeat(1001));

    expect(await client.methods()).toMatchObject([{ name: "channel.close", replyCode: 311 }]);
  });

  it("puts a body together however its frames are cut", async () => {
    const client = await open();
    const body = "0123456789".repeat(2_000);
    client.publish({ routingKey: "q" }, body);
    client.send(1, get());

    expect(await client.take()).toMatchObject([{ body }]);
  });

  it("sends properties on as the bytes they were, and keeps an 8-bit integer an 8-bit integer", async () => {
    const client = await open();
    const headers: Headers = [
      ["i8", { type: "int8", value: 1 }],
      ["f32", { type: "float32", value: 0.5 }],
    ];
    client.publish({ routingKey: "q" }, "", { headers, clusterId: "kept", priority: 0 });
    client.send(1, get());
    const [got] = await client.take();

    expect(got?.properties?.decodeAll()).toMatchObject({ headers, clusterId: "kept", priority: 0 });
  });

  it("shows the publisher's own routing key on the copies of CC", async () => {
    const client = await open();
    await client.ask(queueDeclare("a"));
    await client.ask(consume("a", { noAck: true }));
    for (let time = 0; time < 2; time++) {
      client.publish({ routingKey: "q" }, "", { headers: [["CC", list("a")]] });
    }

    expect(await client.methods()).toMatchObject([{ routingKey: "q" }, { routingKey: "q" }]);
  });

  it("asks an exchange that one of the keys reaches for all of them", async () => {
    const client = await open();
    await client.ask(exchangeDeclare("first", "direct"));
    await client.ask(exchangeDeclare("second", "topic"));
    client.send(1, {
      name: "exchange.bind",
      source: "first",
      destination: "second",
      routingKey: "a",
      noWait: true,
      arguments: [],
    });
    await client.ask(queueBind("q", "second", "b"));
    client.publish({ exchange: "first", routingKey: "" }, "", {
      headers: [
        ["CC", list("a")],
        ["BCC", list("b")],
      ],
    });

    expect(await client.ask(get())).toMatchObject([{ name: "basic.get-ok", messageCount: 0 }]);
  });

  it("reaches the queues of CC and BCC once each; BCC is taken out", async () => {
    const client = await open();
    for (const queue of ["a", "b"]) await client.ask(queueDeclare(queue));
    client.publish({ routingKey: "q" }, "", {
      headers: [
        ["CC", list("a", "q")],
        ["BCC", list("b")],
      ],
    });

    for (const queue of ["q", "a", "b"]) {
      client.send(1, get(queue));
      const [got] = await client.take();
      expect(got?.properties?.headers).toEqual([["CC", list("a", "q")]]);
    }
    expect(await ready(client)).toMatchObject({ messageCount: 0 });
  });
});

describe("x-delay", () => {
  it("keeps a message back for its milliseconds, by any exchange", async () => {
    const { broker, clock } = await openTestBroker();
    const client = await TestClient.open(broker);
    await client.ask(queueDeclare("q"));
    const args: Headers = [["x-delayed-type", text("direct")]];
    await client.ask(exchangeDeclare("later", "x-delayed-message", { arguments: args }));
    await client.ask(queueBind("q", "later", "k"));
    client.publish({ exchange: "later", routingKey: "k" }, "", { headers: [["x-delay", int64(1_000n)]] });
    expect(await ready(client)).toMatchObject({ messageCount: 0 });

    clock.advance(1_001);
    expect(await ready(client)).toMatchObject({ messageCount: 1 });
  });
});

describe("publisher confirms", () => {
  it("count from 1 and are joined with `multiple`", async () => {
    const client = await open();
    expect(await client.ask(confirmSelect)).toEqual([{ name: "confirm.select-ok" }]);
    client.publish({ routingKey: "q" });
    expect(await client.methods()).toEqual([{ name: "basic.ack", deliveryTag: 1, multiple: false }]);

    const three = ["a", "b", "c"];
    const { broker } = await openTestBroker();
    const other = await TestClient.open(broker);
    await other.ask(confirmSelect);
    for (const body of three) other.publish({ routingKey: "nowhere" }, body);
    const acks = await other.methods();
    expect(acks.at(-1)).toMatchObject({ name: "basic.ack", deliveryTag: 3 });
  });

  it("come after the return of a mandatory message that nobody gets", async () => {
    const client = await open();
    await client.ask(confirmSelect);
    client.publish({ exchange: "amq.direct", routingKey: "none", mandatory: true }, "back", {
      messageId: "m",
    });
    const [returned, confirmed] = await client.take();

    expect(returned).toMatchObject({
      method: {
        name: "basic.return",
        replyCode: 312,
        replyText: "NO_ROUTE",
        exchange: "amq.direct",
        routingKey: "none",
      },
      body: "back",
    });
    expect(returned?.properties?.messageId).toBe("m");
    expect(confirmed?.method).toEqual({ name: "basic.ack", deliveryTag: 1, multiple: false });
  });

  it("are refused when the queue refuses", async () => {
    const client = await open();
    const args: Headers = [
      ["x-max-length", { type: "int32", value: 1 }],
      ["x-overflow", text("reject-publish")],
    ];
    await client.ask(queueDeclare("full", { arguments: args }));
    await client.ask(confirmSelect);
    client.publish({ routingKey: "full" });
    client.publish({ routingKey: "full" });

    expect(await client.methods()).toEqual([
      { name: "basic.ack", deliveryTag: 1, multiple: false },
      { name: "basic.nack", deliveryTag: 2, multiple: false, requeue: false },
    ]);
  });

  it("are refused when the bodies are more than the queue takes, whatever the properties, x-max-length-bytes", async () => {
    const client = await open();
    const args: Headers = [
      ["x-max-length-bytes", { type: "int32", value: 8 }],
      ["x-overflow", text("reject-publish")],
    ];
    await client.ask(queueDeclare("full", { arguments: args }));
    await client.ask(confirmSelect);
    const headers: Headers = Array.from({ length: 100 }, (_, i) => [`header-${i}`, text("value")]);
    for (const body of ["1234", "5678", "9"]) client.publish({ routingKey: "full" }, body, { headers });

    expect(await client.methods()).toEqual([
      { name: "basic.ack", deliveryTag: 1, multiple: false },
      { name: "basic.ack", deliveryTag: 2, multiple: false },
      { name: "basic.nack", deliveryTag: 3, multiple: false, requeue: false },
    ]);
  });

  it("wait for stable storage when the message is durable", async () => {
    const client = await open();
    await client.ask(queueDeclare("kept", { durable: true }));
    await client.ask(confirmSelect);
    client.publish({ routingKey: "kept" }, "", { deliveryMode: 2 });

    expect(await client.methods()).toEqual([{ name: "basic.ack", deliveryTag: 1, multiple: false }]);
  });

  it("do not mix with transactions: 406", async () => {
    const client = await open();
    await client.ask(confirmSelect);

    expect(await client.ask({ name: "tx.select" })).toMatchObject([
      { replyCode: 406, replyText: "PRECONDITION_FAILED - cannot switch from confirm to tx mode" },
    ]);
  });
});

describe("transactions, AMQP 0-9-1 §1.9", () => {
  it("publish with the commit and not before", async () => {
    const client = await open();
    expect(await client.ask({ name: "tx.select" })).toEqual([{ name: "tx.select-ok" }]);
    client.publish({ routingKey: "q" });
    expect(await ready(client)).toMatchObject({ messageCount: 0 });

    expect(await client.ask({ name: "tx.commit" })).toEqual([{ name: "tx.commit-ok" }]);
    expect(await ready(client)).toMatchObject({ messageCount: 1 });
  });

  it("forget with the rollback; deliveries wait for their acknowledgement again", async () => {
    const client = await open();
    client.publish({ routingKey: "q" });
    await client.ask(get("q", false));
    await client.ask({ name: "tx.select" });
    client.publish({ routingKey: "q" });
    await client.ask(ack(1));

    expect(await client.ask({ name: "tx.rollback" })).toEqual([{ name: "tx.rollback-ok" }]);
    expect(await ready(client)).toMatchObject({ messageCount: 0 });
    await client.ask(ack(1));
    expect(await client.ask({ name: "tx.commit" })).toEqual([{ name: "tx.commit-ok" }]);
  });

  it("return what nobody gets before the commit is answered", async () => {
    const client = await open();
    await client.ask({ name: "tx.select" });
    client.publish({ exchange: "amq.direct", routingKey: "none", mandatory: true });

    expect(await client.ask({ name: "tx.commit" })).toMatchObject([
      { name: "basic.return", replyCode: 312 },
      { name: "tx.commit-ok" },
    ]);
  });

  it("are asked for first: 406", async () => {
    const client = await open();

    expect(await client.ask({ name: "tx.commit" })).toMatchObject([
      { replyCode: 406, replyText: "PRECONDITION_FAILED - channel is not transactional" },
    ]);
  });
});

describe("a transaction that grows", () => {
  it("is refused with 406 before it holds more than it may, and nothing of it was done", async () => {
    const { broker } = await openTestBroker({ maxMessageBytes: 1024 * 1024 });
    const client = await TestClient.open(broker);
    await client.ask(queueDeclare("q"));
    await client.ask({ name: "tx.select" });

    for (let count = 0; count < 16; count++) client.publish({ routingKey: "q" }, "x".repeat(1024 * 1024));

    expect(await client.methods()).toMatchObject([{ name: "channel.close", replyCode: 406 }]);
    expect(broker.virtualHost("/").queue("q").messageCount).toBe(0);
  });
});

describe("direct reply-to", () => {
  it("gives each request an address, and its answer to the channel that asked", async () => {
    const { broker } = await openTestBroker();
    const responder = await TestClient.open(broker);
    await responder.ask(queueDeclare("work"));
    const client = await asker(broker);
    client.publish({ routingKey: "work" }, "question", {
      replyTo: "amq.rabbitmq.reply-to",
      correlationId: "7",
    });

    responder.send(1, get("work"));
    const [request] = await responder.take();
    const address = request?.properties?.replyTo ?? "";
    expect(address).toMatch(/^amq\.rabbitmq\.reply-to\../);
    expect(request?.properties?.correlationId).toBe("7");

    responder.publish({ routingKey: address }, "answer", { correlationId: "7" });
    const [answer]: (Received | undefined)[] = await client.take();
    expect(answer).toMatchObject({
      method: { name: "basic.deliver", consumerTag: "answers" },
      body: "answer",
    });
  });

  it("needs no_ack, and is one for each channel: 406", async () => {
    const { broker } = await openTestBroker();
    const strict = await TestClient.open(broker);
    expect(await strict.ask(consume("amq.rabbitmq.reply-to"))).toMatchObject([
      { replyCode: 406, replyText: "PRECONDITION_FAILED - reply consumer cannot acknowledge" },
    ]);

    const client = await asker(broker);
    expect(
      await client.ask(consume("amq.rabbitmq.reply-to", { noAck: true, consumerTag: "more" })),
    ).toMatchObject([{ replyCode: 406, replyText: "PRECONDITION_FAILED - reply consumer already set" }]);
  });

  it("lets whoever answers look whether the asker is still there", async () => {
    const { broker } = await openTestBroker();
    const responder = await TestClient.open(broker);
    await responder.ask(queueDeclare("work"));
    const client = await asker(broker);
    client.publish({ routingKey: "work" }, "question", { replyTo: "amq.rabbitmq.reply-to" });
    responder.send(1, get("work"));
    const address = (await responder.take())[0]?.properties?.replyTo ?? "";

    expect(await responder.ask(queueDeclare(address, { passive: true }))).toMatchObject([
      { name: "queue.declare-ok", queue: address, messageCount: 0, consumerCount: 1 },
    ]);
    await client.ask({ name: "basic.cancel", consumerTag: "answers", noWait: false });
    expect(await responder.ask(queueDeclare(address, { passive: true }))).toMatchObject([
      { name: "channel.close", replyCode: 404, replyText: `NOT_FOUND - no queue '${address}' in vhost '/'` },
    ]);
  });

  it("drops answers when too much waits for who asked", async () => {
    const { broker } = await openTestBroker();
    const responder = await TestClient.open(broker);
    await responder.ask(queueDeclare("work"));
    const client = await asker(broker);
    client.publish({ routingKey: "work" }, "question", { replyTo: "amq.rabbitmq.reply-to" });
    responder.send(1, get("work"));
    const address = (await responder.take())[0]?.properties?.replyTo ?? "";
    client.transport.bufferedBytes = 65 * 1024 * 1024;
    responder.publish({ routingKey: address }, "dropped");
    client.transport.bufferedBytes = 0;
    responder.publish({ routingKey: address }, "answer");

    expect((await client.take()).map(({ body }) => body)).toEqual(["answer"]);
    expect(broker.drops.of("slow-subscriber")).toBe(1);
  });

  it("ends with its consumer", async () => {
    const { broker } = await openTestBroker();
    const client = await asker(broker);
    await client.ask({ name: "basic.cancel", consumerTag: "answers", noWait: false });
    client.publish({ routingKey: "q" }, "", { replyTo: "amq.rabbitmq.reply-to" });

    expect(await client.methods()).toMatchObject([{ replyCode: 406 }]);
  });
});

describe("dead-lettering", () => {
  it("writes x-death as RabbitMQ does: rejected", async () => {
    const { client } = await withGrave(deadLetter());
    client.publish({ routingKey: "q" }, "dead", { headers: [["a", text("b")]], deliveryMode: 2 });
    await client.ask(get("q", false));
    client.send(1, { name: "basic.reject", deliveryTag: 1, requeue: false });
    client.send(1, get("grave"));
    const [got] = await client.take();

    expect(got).toMatchObject({ method: { exchange: "amq.fanout", routingKey: "q" }, body: "dead" });
    expect(got?.properties?.deliveryMode).toBe(2);
    expect(Object.fromEntries(got?.properties?.headers ?? [])).toEqual({
      a: text("b"),
      "x-first-death-exchange": text(""),
      "x-first-death-queue": text("q"),
      "x-first-death-reason": text("rejected"),
      "x-death": {
        type: "array",
        value: [
          {
            type: "table",
            value: [
              ["count", int64(1n)],
              ["reason", text("rejected")],
              ["queue", text("q")],
              ["time", { type: "timestamp", value: BigInt(Date.UTC(2030, 0, 1) / 1000) }],
              ["exchange", text("")],
              ["routing-keys", { type: "array", value: [text("q")] }],
            ],
          },
        ],
      },
    });
  });

  it("takes the expiration off and tells what it was", async () => {
    const { client, clock } = await withGrave(deadLetter());
    client.publish({ routingKey: "q" }, "", { expiration: "1500" });
    clock.advance(1_501);
    client.send(1, get("grave"));
    const [got] = await client.take();
    const deaths = got?.properties?.headers?.find(([name]) => name === "x-death")?.[1];

    expect(got?.properties?.expiration).toBeUndefined();
    expect(
      JSON.stringify(deaths, (_key, value: unknown) => (typeof value === "bigint" ? Number(value) : value)),
    ).toMatch(/"expired".*"original-expiration",\{"type":"text","value":"1500"\}/);
  });

  it("counts on when a consumer publishes a dead message again with its headers", async () => {
    const { client } = await withGrave(deadLetter());
    client.publish({ routingKey: "q" });
    for (let time = 1; time <= 2; time++) {
      client.send(1, get("q", false));
      const [got] = await client.take();
      client.send(1, { name: "basic.reject", deliveryTag: time * 2 - 1, requeue: false });
      client.send(1, get("grave"));
      const [dead] = await client.take();
      expect(got?.body).toBe("");
      client.publish({ routingKey: "q" }, "", { headers: dead?.properties?.headers });
    }
    client.send(1, get("q"));
    const [last] = await client.take();
    const deaths = last?.properties?.headers?.find(([name]) => name === "x-death")?.[1];

    expect(deaths).toMatchObject({ value: [{ value: expect.arrayContaining([["count", int64(2n)]]) }] });
  });

  it("counts on from a history of RabbitMQ before 3.6, which has an entry for each death", async () => {
    const client = await open();
    await client.ask(
      queueDeclare("dies", {
        arguments: [
          ["x-dead-letter-exchange", text("")],
          ["x-dead-letter-routing-key", text("q")],
        ],
      }),
    );
    const death: Value = {
      type: "table",
      value: [
        ["reason", text("rejected")],
        ["queue", text("dies")],
      ],
    };
    client.publish({ routingKey: "dies" }, "", {
      headers: [["x-death", { type: "array", value: [death, death] }]],
    });
    client.send(1, get("dies", false));
    await client.take();
    client.send(1, nack(1, false, false));
    client.send(1, get());

    const dead = (await client.take()).at(-1)?.properties?.headers;
    const deaths = dead?.find(([name]) => name === "x-death")?.[1];
    expect(deaths).toMatchObject({ value: [{ value: expect.arrayContaining([["count", int64(3n)]]) }] });
  });

  it.each<[string, string, Value]>([
    ["a count beyond all integers", "count", { type: "float64", value: 1e300 }],
    ["the largest count", "count", int64(2n ** 63n - 1n)],
    ["the last time", "time", { type: "timestamp", value: 2n ** 64n - 1n }],
  ])("delivers a message with a history that cannot be: %s", async (_which, name, value) => {
    const client = await open();
    const death: Value = {
      type: "table",
      value: [
        ["reason", text("expired")],
        ["queue", text("q")],
        [name, value],
      ],
    };

    client.publish({ routingKey: "q" }, "body", {
      headers: [["x-death", { type: "array", value: [death] }]],
    });
    client.send(1, get());

    expect(await client.take()).toMatchObject([{ method: { name: "basic.get-ok" }, body: "body" }]);
  });

  it("shows the routing keys of CC in its history, not those of BCC", async () => {
    const { client } = await withGrave(deadLetter());
    client.publish({ routingKey: "q" }, "", {
      headers: [
        ["CC", list("c")],
        ["BCC", list("b")],
      ],
    });
    await client.ask(get("q", false));
    client.send(1, { name: "basic.reject", deliveryTag: 1, requeue: false });
    client.send(1, get("grave"));
    const [got] = await client.take();
    const deaths = got?.properties?.headers?.find(([name]) => name === "x-death")?.[1];

    expect(deaths).toMatchObject({
      value: [{ value: expect.arrayContaining([["routing-keys", list("q", "c")]]) }],
    });
  });

  it("goes by another routing key if the queue says so, without CC", async () => {
    const { client } = await withGrave(deadLetter(["x-dead-letter-routing-key", text("other")]));
    client.publish({ routingKey: "q" }, "", { headers: [["CC", { type: "array", value: [text("x")] }]] });
    await client.ask(get("q", false));
    client.send(1, { name: "basic.reject", deliveryTag: 1, requeue: false });
    client.send(1, get("grave"));
    const [got] = await client.take();

    expect(got?.method).toMatchObject({ routingKey: "other" });
    expect(got?.properties?.headers?.map(([name]) => name)).not.toContain("CC");
  });
});
