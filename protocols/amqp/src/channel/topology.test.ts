import { openTestBroker } from "@dragoman/core/testing";
import { describe, expect, it, test } from "vitest";
import { type Headers, text, type Value } from "@dragoman/core";
import { consume, exchangeDeclare, queueBind, queueDeclare, TestClient } from "../testing/test-client.ts";

async function open(): Promise<TestClient> {
  const { broker } = await openTestBroker();
  return TestClient.open(broker);
}

const int = (value: number): Value => ({ type: "int32", value });

describe("exchange.declare, AMQP 0-9-1 §1.6.2.1", () => {
  test.each(["direct", "fanout", "topic", "headers"])("creates a %s exchange", async (type) => {
    const client = await open();

    expect(await client.ask(exchangeDeclare("e", type))).toEqual([{ name: "exchange.declare-ok" }]);
    expect(await client.ask(exchangeDeclare("e", type))).toEqual([{ name: "exchange.declare-ok" }]);
  });

  it("passively finds what is there, also with an empty type", async () => {
    const client = await open();

    expect(await client.ask(exchangeDeclare("amq.topic", "", { passive: true }))).toEqual([
      { name: "exchange.declare-ok" },
    ]);
    expect(await client.ask(exchangeDeclare("e", "", { passive: true }))).toMatchObject([
      { name: "channel.close", replyCode: 404, replyText: "NOT_FOUND - no exchange 'e' in vhost '/'" },
    ]);
  });

  it("finds a standard exchange when it is declared as it is", async () => {
    const client = await open();

    expect(await client.ask(exchangeDeclare("amq.fanout", "fanout", { durable: true }))).toEqual([
      { name: "exchange.declare-ok" },
    ]);
  });

  const no: Value = { type: "boolean", value: false };
  test.each([
    {
      why: "another type",
      declare: exchangeDeclare("e", "fanout"),
      text: "PRECONDITION_FAILED - inequivalent arg 'type' for exchange 'e' in vhost '/': received 'fanout' but current is 'direct'",
    },
    {
      why: "another durability",
      declare: exchangeDeclare("e", "direct", { durable: true }),
      text: "PRECONDITION_FAILED - inequivalent arg 'durable' for exchange 'e' in vhost '/': received 'true' but current is 'false'",
    },
    {
      why: "an alternate exchange",
      declare: exchangeDeclare("e", "direct", { arguments: [["alternate-exchange", text("a")]] }),
      text: "PRECONDITION_FAILED - inequivalent arg 'alternate-exchange' for exchange 'e' in vhost '/': received the value 'a' of type 'longstr' but current is none",
    },
    {
      why: "an alternate exchange that is no text",
      declare: exchangeDeclare("f", "direct", { arguments: [["alternate-exchange", no]] }),
      text: /^PRECONDITION_FAILED - invalid type 'bool' for arg 'alternate-exchange' in exchange 'f' in vhost '\/'/,
    },
  ])("refuses $why with 406", async ({ declare, text: replyText }) => {
    const client = await open();
    await client.ask(exchangeDeclare("e", "direct"));

    expect(await client.ask(declare)).toMatchObject([
      {
        name: "channel.close",
        replyCode: 406,
        replyText: typeof replyText === "string" ? replyText : expect.stringMatching(replyText),
        classId: 40,
        methodId: 10,
      },
    ]);
  });

  test.each([
    { why: "a reserved name", declare: exchangeDeclare("amq.mine", "direct"), code: 403 },
    { why: "the default exchange", declare: exchangeDeclare("", "direct"), code: 403 },
    { why: "an unknown type", declare: exchangeDeclare("e", "magic"), code: 406 },
  ])("refuses $why with $code", async ({ declare, code }) => {
    const client = await open();

    expect(await client.ask(declare)).toMatchObject([{ replyCode: code }]);
  });

  it("says nothing when it need not", async () => {
    const client = await open();

    expect(await client.ask(exchangeDeclare("e", "direct", { noWait: true }))).toEqual([]);
  });

  it("takes RabbitMQ's exchange for delays, which routes as it says itself", async () => {
    const client = await open();
    const delayed: Headers = [["x-delayed-type", text("topic")]];

    expect(await client.ask(exchangeDeclare("d", "x-delayed-message", { arguments: delayed }))).toEqual([
      { name: "exchange.declare-ok" },
    ]);
    expect(await client.ask(exchangeDeclare("d2", "x-delayed-message"))).toMatchObject([{ replyCode: 406 }]);
  });
});

describe("exchange.delete, AMQP 0-9-1 §1.6.2.3", () => {
  it("deletes what is there and does not mind what is not", async () => {
    const client = await open();
    await client.ask(exchangeDeclare("e", "direct"));
    const remove = { name: "exchange.delete", exchange: "e", ifUnused: false, noWait: false } as const;

    expect(await client.ask(remove)).toEqual([{ name: "exchange.delete-ok" }]);
    expect(await client.ask(remove)).toEqual([{ name: "exchange.delete-ok" }]);
    expect(await client.ask({ ...remove, exchange: "amq.topic" })).toMatchObject([{ replyCode: 403 }]);
  });

  it("leaves one that is in use if it should", async () => {
    const client = await open();
    await client.ask(exchangeDeclare("e", "direct"));
    await client.ask(queueDeclare("q"));
    await client.ask(queueBind("q", "e", "k"));

    expect(
      await client.ask({ name: "exchange.delete", exchange: "e", ifUnused: true, noWait: false }),
    ).toMatchObject([
      { replyCode: 406, replyText: "PRECONDITION_FAILED - exchange 'e' in vhost '/' in use" },
    ]);
  });
});

describe("exchange.bind, RabbitMQ's exchange-to-exchange bindings", () => {
  it("leads on to another exchange until it is unbound", async () => {
    const client = await open();
    await client.ask(exchangeDeclare("a", "topic"));
    await client.ask(exchangeDeclare("b", "fanout"));
    await client.ask(queueDeclare("q"));
    await client.ask(queueBind("q", "b", ""));
    const ends = { source: "a", destination: "b", routingKey: "x.#", noWait: false, arguments: [] };

    expect(await client.ask({ name: "exchange.bind", ...ends })).toEqual([{ name: "exchange.bind-ok" }]);
    client.publish({ exchange: "a", routingKey: "x.y" });
    expect(await client.ask(queueDeclare("q", { passive: true }))).toMatchObject([{ messageCount: 1 }]);

    expect(await client.ask({ name: "exchange.unbind", ...ends })).toEqual([{ name: "exchange.unbind-ok" }]);
    client.publish({ exchange: "a", routingKey: "x.y" });
    expect(await client.ask(queueDeclare("q", { passive: true }))).toMatchObject([{ messageCount: 1 }]);
  });
});

describe("queue.declare, AMQP 0-9-1 §1.7.2.1", () => {
  it("names a queue that has no name, and takes an empty name for it afterwards", async () => {
    const client = await open();
    const [declared] = await client.ask(queueDeclare(""));

    expect(declared).toMatchObject({ queue: expect.stringMatching(/^amq\.gen-.{22}$/) });
    expect(await client.ask(queueDeclare("", { passive: true }))).toEqual([declared]);
    expect(await client.ask(queueBind("", "amq.direct", ""))).toEqual([{ name: "queue.bind-ok" }]);
  });

  it("takes line ends out of names, as RabbitMQ does", async () => {
    const client = await open();
    await client.ask(exchangeDeclare("e\r\nx", "fanout"));
    expect(await client.ask(queueDeclare("q\n\r1"))).toMatchObject([{ queue: "q1" }]);

    expect(await client.ask(queueBind("q1\n", "e\nx", ""))).toMatchObject([{ name: "queue.bind-ok" }]);
    expect(await client.ask(exchangeDeclare("ex", "", { passive: true }))).toMatchObject([
      { name: "exchange.declare-ok" },
    ]);
    expect(await client.ask(consume("q\n1"))).toMatchObject([{ name: "basic.consume-ok" }]);
  });

  it("finds nothing behind an empty name before anything was declared", async () => {
    const client = await open();

    expect(await client.ask({ name: "queue.purge", queue: "", noWait: false })).toMatchObject([
      { replyCode: 404, replyText: "NOT_FOUND - no previously declared queue" },
    ]);
  });

  it("tells how many messages and consumers there are", async () => {
    const client = await open();
    await client.ask(queueDeclare("q"));
    client.publish({ routingKey: "q" });

    expect(await client.ask(queueDeclare("q", { passive: true }))).toEqual([
      { name: "queue.declare-ok", queue: "q", messageCount: 1, consumerCount: 0 },
    ]);
  });

  it("finds the pseudo-queue of direct reply-to, which frameworks probe", async () => {
    const client = await open();

    expect(await client.ask(queueDeclare("amq.rabbitmq.reply-to", { passive: true }))).toMatchObject([
      { name: "queue.declare-ok", queue: "amq.rabbitmq.reply-to" },
    ]);
  });

  it("keeps an exclusive queue from other connections: 405", async () => {
    const { broker } = await openTestBroker();
    const mine = await TestClient.open(broker);
    const other = await TestClient.open(broker);
    await mine.ask(queueDeclare("q", { exclusive: true }));

    expect(await other.ask(queueDeclare("q", { passive: true }))).toMatchObject([
      {
        replyCode: 405,
        replyText: expect.stringMatching(
          /^RESOURCE_LOCKED - cannot obtain exclusive access to locked queue 'q' in vhost '\/'/,
        ),
      },
    ]);
    expect(await mine.ask(queueDeclare("q", { exclusive: true }))).toMatchObject([{ queue: "q" }]);
    expect(await mine.ask(queueDeclare("q"))).toMatchObject([{ replyCode: 405 }]);
  });

  it("compares the consumer timeout of a quorum queue, and not of another", async () => {
    const client = await open();
    const declare = (type: string, timeout: Value): Promise<unknown> => {
      const args: Headers = [
        ["x-queue-type", text(type)],
        ["x-consumer-timeout", timeout],
      ];
      return client.ask(queueDeclare(type, { durable: true, arguments: args }));
    };
    await declare("quorum", int(10_000));
    await declare("classic", int(10_000));

    expect(await declare("classic", int(20_000))).toMatchObject([{ queue: "classic" }]);
    expect(await declare("quorum", { type: "int64", value: 10_000n })).toMatchObject([{ queue: "quorum" }]);
    expect(await declare("quorum", int(20_000))).toMatchObject([
      {
        replyCode: 406,
        replyText:
          "PRECONDITION_FAILED - inequivalent arg 'x-consumer-timeout' for queue 'quorum' in vhost '/': received '20000' but current is '10000'",
      },
    ]);
  });

  it("compares arguments by value, not by the width of their integers", async () => {
    const client = await open();
    await client.ask(queueDeclare("q", { arguments: [["x-message-ttl", int(1000)]] }));

    const same: Headers = [["x-message-ttl", { type: "int64", value: 1000n }]];
    expect(await client.ask(queueDeclare("q", { arguments: same }))).toMatchObject([{ queue: "q" }]);
  });

  test.each([
    {
      why: "another durability",
      declare: queueDeclare("q", { durable: true }),
      text: "inequivalent arg 'durable' for queue 'q' in vhost '/': received 'true' but current is 'false'",
    },
    {
      why: "another time to live",
      declare: queueDeclare("q", { arguments: [["x-message-ttl", int(5)]] }),
      text: "inequivalent arg 'x-message-ttl' for queue 'q' in vhost '/': received '5' but current is '1000'",
    },
    {
      why: "a missing argument",
      declare: queueDeclare("q"),
      text: "inequivalent arg 'x-message-ttl' for queue 'q' in vhost '/': received none but current is the value '1000' of type 'signedint'",
    },
    {
      why: "a negative time to live",
      declare: queueDeclare("n", { arguments: [["x-message-ttl", int(-1)]] }),
      text: "invalid arg 'x-message-ttl' for queue 'n' in vhost '/': {value_negative,-1}",
    },
    {
      why: "an expiry of 0",
      declare: queueDeclare("n", { arguments: [["x-expires", int(0)]] }),
      text: "invalid arg 'x-expires' for queue 'n' in vhost '/': {value_zero,0}",
    },
    {
      why: "a priority over 255",
      declare: queueDeclare("n", { arguments: [["x-max-priority", int(256)]] }),
      text: "invalid arg 'x-max-priority' for queue 'n' in vhost '/': {max_value_exceeded,256}",
    },
    {
      why: "a text for a number",
      declare: queueDeclare("n", { arguments: [["x-max-length", text("many")]] }),
      text: "invalid arg 'x-max-length' for queue 'n' in vhost '/': \"expected integer, got longstr\"",
    },
    {
      why: "a float, even one without a fraction",
      declare: queueDeclare("n", { arguments: [["x-message-ttl", { type: "float64", value: 10 }]] }),
      text: "invalid arg 'x-message-ttl' for queue 'n' in vhost '/': \"expected integer, got double\"",
    },
    {
      why: "a dead-letter key without an exchange",
      declare: queueDeclare("n", { arguments: [["x-dead-letter-routing-key", text("k")]] }),
      text: "invalid arg 'x-dead-letter-routing-key' for queue 'n' in vhost '/': routing_key_but_no_dlx_defined",
    },
  ])("refuses $why with 406", async ({ declare, text: why }) => {
    const client = await open();
    await client.ask(queueDeclare("q", { arguments: [["x-message-ttl", int(1000)]] }));

    expect(await client.ask(declare)).toMatchObject([
      { replyCode: 406, replyText: `PRECONDITION_FAILED - ${why}` },
    ]);
  });

  it("keeps arguments that it does not know and never refuses them", async () => {
    const client = await open();
    const args: Headers = [
      ["x-queue-type", text("quorum")],
      ["x-quorum-initial-group-size", int(3)],
      ["x-whatever", { type: "array", value: [int(1), { type: "void" }] }],
    ];

    expect(await client.ask(queueDeclare("q", { durable: true, arguments: args }))).toMatchObject([
      { name: "queue.declare-ok" },
    ]);
    expect(await client.ask(queueDeclare("q", { durable: true, arguments: args.slice(0, 1) }))).toMatchObject(
      [{ name: "queue.declare-ok" }],
    );
    expect(await client.ask(queueDeclare("q", { durable: true }))).toMatchObject([
      { replyCode: 406, replyText: expect.stringMatching(/'x-queue-type'/) },
    ]);
  });

  it("refuses names that only the broker gives: 403", async () => {
    const client = await open();

    expect(await client.ask(queueDeclare("amq.mine"))).toMatchObject([
      {
        replyCode: 403,
        replyText: "ACCESS_REFUSED - queue name 'amq.mine' contains reserved prefix 'amq.*'",
      },
    ]);
  });
});

describe("queue.bind, AMQP 0-9-1 §1.7.2.3", () => {
  test.each([
    { why: "a queue that is not there", bind: queueBind("x", "amq.direct", "k"), code: 404 },
    { why: "an exchange that is not there", bind: queueBind("q", "x", "k"), code: 404 },
    { why: "the default exchange", bind: queueBind("q", "", "k"), code: 403 },
    {
      why: "an x-match that does not exist",
      bind: queueBind("q", "amq.headers", "", { arguments: [["x-match", text("some")]] }),
      code: 406,
    },
  ])("refuses $why with $code", async ({ bind, code }) => {
    const client = await open();
    await client.ask(queueDeclare("q"));

    expect(await client.ask(bind)).toMatchObject([{ replyCode: code }]);
  });

  test.each([
    { match: "all", headers: { a: 1, b: 2 }, wants: true },
    { match: "all", headers: { a: 1 }, wants: false },
    { match: "any", headers: { a: 1 }, wants: true },
    { match: "any", headers: { "x-c": 3 }, wants: false },
    { match: "any-with-x", headers: { "x-c": 3 }, wants: true },
    { match: "all-with-x", headers: { a: 1, b: 2 }, wants: false },
  ])("compares headers by $match: $headers", async ({ match, headers, wants }) => {
    const client = await open();
    await client.ask(queueDeclare("q"));
    const args: Headers = [
      ["x-match", text(match)],
      ["a", int(1)],
      ["b", int(2)],
      ["x-c", int(3)],
    ];
    await client.ask(queueBind("q", "amq.headers", "", { arguments: args }));
    client.publish({ exchange: "amq.headers", routingKey: "" }, "", {
      headers: Object.entries(headers).map(([name, value]) => [name, int(value)]),
    });

    expect(await client.ask(queueDeclare("q", { passive: true }))).toMatchObject([
      { messageCount: wants ? 1 : 0 },
    ]);
  });

  it("may be done again, and undone", async () => {
    const client = await open();
    await client.ask(queueDeclare("q"));
    await client.ask(queueBind("q", "amq.topic", "a.*"));
    await client.ask(queueBind("q", "amq.topic", "a.*"));
    client.publish({ exchange: "amq.topic", routingKey: "a.b" });
    const ends = { queue: "q", exchange: "amq.topic", routingKey: "a.*", arguments: [] };

    expect(await client.ask({ name: "queue.unbind", ...ends })).toEqual([{ name: "queue.unbind-ok" }]);
    client.publish({ exchange: "amq.topic", routingKey: "a.b" });
    expect(await client.ask(queueDeclare("q", { passive: true }))).toMatchObject([{ messageCount: 1 }]);
  });

  it("gets what the topics retain, once, when it asks for it", async () => {
    const client = await open();
    await client.ask(queueDeclare("q"));
    const retain: Headers = [["x-retain", { type: "boolean", value: true }]];
    client.publish({ exchange: "amq.topic", routingKey: "a.b" }, "kept", { headers: retain });
    const args: Headers = [["x-retained", { type: "boolean", value: true }]];
    await client.ask(queueBind("q", "amq.topic", "a.*", { arguments: args }));
    await client.ask(queueBind("q", "amq.topic", "a.*", { arguments: args }));

    expect(await client.ask(queueDeclare("q", { passive: true }))).toMatchObject([{ messageCount: 1 }]);
  });
});

describe("queue.purge and queue.delete, AMQP 0-9-1 §1.7.2.7", () => {
  it("tell how many messages went", async () => {
    const client = await open();
    await client.ask(queueDeclare("q"));
    client.publish({ routingKey: "q" });
    client.publish({ routingKey: "q" });

    expect(await client.ask({ name: "queue.purge", queue: "q", noWait: false })).toEqual([
      { name: "queue.purge-ok", messageCount: 2 },
    ]);
    client.publish({ routingKey: "q" });
    const remove = {
      name: "queue.delete",
      queue: "q",
      ifUnused: false,
      ifEmpty: false,
      noWait: false,
    } as const;
    expect(await client.ask(remove)).toEqual([{ name: "queue.delete-ok", messageCount: 1 }]);
    expect(await client.ask(remove)).toEqual([{ name: "queue.delete-ok", messageCount: 0 }]);
  });

  it("leave a queue that is not empty if they should", async () => {
    const client = await open();
    await client.ask(queueDeclare("q"));
    client.publish({ routingKey: "q" });

    expect(
      await client.ask({ name: "queue.delete", queue: "q", ifUnused: true, ifEmpty: true, noWait: false }),
    ).toMatchObject([
      { replyCode: 406, replyText: "PRECONDITION_FAILED - queue 'q' in vhost '/' not empty" },
    ]);
  });
});

describe("a word that every object of JavaScript knows", () => {
  it.each(["__proto__", "constructor", "toString"])("is nothing to us: %s", async (word) => {
    const client = await open();

    expect(await client.ask(queueDeclare("q", { arguments: [[word, int(1)]] }))).toMatchObject([
      { name: "queue.declare-ok" },
    ]);
    expect(await client.ask(exchangeDeclare("e", word))).toMatchObject([
      { name: "channel.close", replyCode: 406, replyText: expect.stringContaining("invalid exchange type") },
    ]);
  });

  it.each(["__proto__", "constructor"])("is no way for a queue to overflow: %s", async (word) => {
    const client = await open();

    expect(await client.ask(queueDeclare("q", { arguments: [["x-overflow", text(word)]] }))).toMatchObject([
      { name: "channel.close", replyCode: 406 },
    ]);
  });
});
