import {
  DEFAULT_EXCHANGE,
  type Message,
  MANY,
  makePattern,
  type Subscriber,
  TOPIC_SPACE,
} from "@dragoman/core";
import { describe, expect, it } from "vitest";
import type { Frame, Version } from "../codec/frame.ts";
import { bodies, header, type HeaderRecord, TestBroker } from "../testing/test-client.ts";

/** The message that another protocol would receive from a SEND. */
async function received(
  headers: HeaderRecord | readonly (readonly [string, string])[],
  body = "x",
  version: Version = "1.2",
) {
  const broker = await TestBroker.open();
  const messages: Message[] = [];
  const subscriber: Subscriber = { deliver: (message) => void messages.push(message) };
  broker.vhost.subscribe(broker.vhost.exchange(TOPIC_SPACE), subscriber, {
    key: "#",
    pattern: makePattern([MANY], true),
  });
  const client = await broker.connect(version);
  await client.ask("SEND", headers, body);
  const [message] = messages;
  if (message === undefined) throw new Error("nothing arrived");
  return { message, broker, client };
}

describe("from STOMP to the canonical message", () => {
  it("gives the properties their fields and everything else to the headers, in order and with repeats", async () => {
    const { message, broker } = await received([
      ["destination", "/topic/a.b"],
      ["x", "1"],
      ["content-type", "text/plain"],
      ["content-encoding", "gzip"],
      ["correlation-id", "c-1"],
      ["priority", "7"],
      ["type", "order"],
      ["timestamp", "1700000000"],
      ["app-id", "app"],
      ["user-id", "claimed"],
      ["amqp-message-id", "m-1"],
      ["persistent", "true"],
      ["expiration", "60000"],
      ["y", "2"],
      ["x", "3"],
    ]);

    expect(message.topic.path).toBe("a/b");
    expect(message.properties).toMatchObject({
      contentType: "text/plain",
      contentEncoding: "gzip",
      correlation: { bytes: Buffer.from("c-1"), isText: true },
      type: "order",
      timestamp: { value: 1_700_000_000, unit: "s" },
      appId: "app",
      claimedUserId: "claimed",
      messageId: "m-1",
    });
    expect(
      message.properties.headers.map(([name, value]) => [name, value.type === "text" && value.value]),
    ).toEqual([
      ["x", "1"],
      ["y", "2"],
      ["x", "3"],
    ]);
    expect(message).toMatchObject({
      priority: 7,
      durable: true,
      ttlRaw: "60000",
      retain: false,
      qos: undefined,
    });
    expect(message.expiresAtMs).toBe(broker.clock.now() + 60_000);
    expect(message.publisher).toMatchObject({ protocol: "stomp", version: "1.2", user: "guest" });
  });

  it("reads a timestamp in milliseconds as such, and one that is none as nothing", async () => {
    const { message } = await received({ destination: "/topic/t", timestamp: "1700000000000" });
    expect(message.properties.timestamp).toEqual({ value: 1_700_000_000_000, unit: "ms" });
    const other = await received({ destination: "/topic/t", timestamp: "yesterday" });
    expect(other.message.properties.timestamp).toBeUndefined();
  });

  it("is not durable unless it says so, has no content-type unless it has one, and bytes for a correlation in base64", async () => {
    const { message } = await received({ destination: "/topic/t", "correlation-id": "base64:AP8=" });

    expect(message.durable).toBe(false);
    expect(message.properties.contentType).toBeUndefined();
    expect(message.properties.correlation).toEqual({ bytes: Buffer.from([0, 255]), isText: false });
  });

  it.each<[string, object | undefined]>([
    ["/queue/replies", { kind: "queue", name: "replies" }],
    ["/amq/queue/replies", { kind: "queue", name: "replies" }],
    ["/reply-queue/replies", { kind: "queue", name: "replies" }],
    ["/topic/a/b", { kind: "topic", topic: { path: "a/b" } }],
    ["/reply-queue/amq.gw.t.a.b", { kind: "topic", topic: { path: "a/b" } }],
    ["/exchange/e/k.l", { kind: "exchange", exchange: "e", topic: { path: "k/l" } }],
    ["somewhere else", undefined],
  ])("reads reply-to:%s as an address that every protocol can answer to", async (replyTo, address) => {
    const { message } = await received({ destination: "/topic/t", "reply-to": replyTo });

    expect(message.properties.replyTo?.raw).toBe(replyTo);
    if (address === undefined) expect(message.properties.replyTo?.address).toBeUndefined();
    else expect(message.properties.replyTo?.address).toMatchObject(address);
  });

  it.each<Version>(["1.0", "1.1", "1.2"])(
    "keeps its headers through STOMP %s and out by every version",
    async (version) => {
      const broker = await TestBroker.open();
      const sender = await broker.connect(version);
      for (const receiving of ["1.0", "1.1", "1.2"] as const) {
        const receiver = await broker.connect(receiving);
        await receiver.confirm("SUBSCRIBE", { id: "1", destination: "/topic/t" });
        await sender.confirm(
          "SEND",
          { destination: "/topic/t", foo: "a:b", "content-type": "text/plain", back: "a\\nb" },
          "x",
        );
        const [message] = await receiver.take();
        expect(header(message, "foo")).toBe("a:b");
        expect(header(message, "content-type")).toBe("text/plain");
        expect(header(message, "back")).toBe("a\\nb");
      }
    },
  );

  it("leaves to the same version in the bytes in which its headers came", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    await client.confirm("SUBSCRIBE", { id: "1", destination: "/topic/t" });

    const [message] = await client.ask("SEND", {
      destination: "/topic/t",
      z: "1",
      "a\nb": "c:d\\e",
      expiration: "0060000",
      persistent: "1",
    });

    expect(message?.head.toString()).toContain("\nz:1\na\\nb:c\\cd\\\\e\nexpiration:0060000\npersistent:1\n");
  });
});

async function delivered(...published: Parameters<TestBroker["publish"]>): Promise<Frame> {
  const broker = await TestBroker.open();
  const client = await broker.connect();
  await client.confirm("SUBSCRIBE", { id: "1", destination: "/topic/#" });
  broker.publish(...published);
  const [message] = await client.take();
  if (message === undefined) throw new Error("nothing arrived");
  return message;
}

describe("from other protocols to STOMP", () => {
  it("names every property as RabbitMQ does", async () => {
    const message = await delivered(
      { topic: "t" },
      "x",
      {
        contentType: "text/plain",
        contentEncoding: "gzip",
        correlation: { bytes: Buffer.from("c-1"), isText: true },
        replyTo: { raw: "q", address: { kind: "queue", name: "q" } },
        messageId: "m-1",
        type: "order",
        appId: "app",
        claimedUserId: "bob",
        timestamp: { value: 1_700_000_000, unit: "s" },
        utf8: true,
      },
      { priority: 3, durable: true, retain: true, expiresAtMs: Date.UTC(2030, 0, 1) + 5_000 },
    );

    const expected = {
      "content-type": "text/plain",
      "content-encoding": "gzip",
      "correlation-id": "c-1",
      "reply-to": "/reply-queue/q",
      "amqp-message-id": "m-1",
      type: "order",
      "app-id": "app",
      "user-id": "bob",
      timestamp: "1700000000",
      "payload-format": "1",
      priority: "3",
      persistent: "true",
      retain: "true",
      expiration: "5000",
    };
    expect(Object.fromEntries(Object.keys(expected).map((name) => [name, header(message, name)]))).toEqual(
      expected,
    );
  });

  it("has no properties where there are none", async () => {
    const message = await delivered({ topic: "t" }, "");

    expect(message.headers.map(([name]) => name).toSorted()).toEqual([
      "content-length",
      "destination",
      "message-id",
      "redelivered",
      "subscription",
      "x-publisher-id",
      "x-publisher-protocol",
      "x-publisher-user",
    ]);
  });

  it("writes no reply-to that leads nowhere", async () => {
    const replyTo = { raw: "nowhere", address: undefined };

    expect(header(await delivered({ topic: "t" }, "x", { replyTo }), "reply-to")).toBeUndefined();
  });

  it("writes a topic to answer to as a topic", async () => {
    const broker = await TestBroker.open();
    const topic = broker.vhost.topics.fromPath("answers/to/me");
    const message = await delivered({ topic: "t" }, "x", {
      replyTo: { raw: "answers/to/me", address: { kind: "topic", topic } },
    });

    expect(header(message, "reply-to")).toBe("/topic/answers/to/me");
    const exchange = await delivered({ topic: "t" }, "x", {
      replyTo: { raw: "k", address: { kind: "exchange", exchange: "e", topic } },
    });
    expect(header(exchange, "reply-to")).toBe("/exchange/e/answers.to.me");
  });

  it("shows a correlation that is text as text, any other as base64", async () => {
    const text = await delivered({ topic: "t" }, "x", {
      correlation: { bytes: Buffer.from("job-1"), isText: false },
    });
    const bytes = await delivered({ topic: "t" }, "x", {
      correlation: { bytes: Buffer.from([0, 255]), isText: false },
    });

    expect(header(text, "correlation-id")).toBe("job-1");
    expect(header(bytes, "correlation-id")).toBe("base64:AP8=");
  });

  it("writes typed headers as text, and repeated ones as often as they come", async () => {
    const message = await delivered({ topic: "t" }, "x", {
      headers: [
        ["s", { type: "text", value: "a:b\nc" }],
        ["i", { type: "int32", value: -7 }],
        ["l", { type: "int64", value: 9_007_199_254_740_993n }],
        ["d", { type: "float64", value: 21.5 }],
        ["t", { type: "boolean", value: true }],
        ["T", { type: "timestamp", value: 1_700_000_000n }],
        ["D", { type: "decimal", scale: 2, unscaled: 1_234 }],
        ["V", { type: "void" }],
        ["x", { type: "bytes", value: Buffer.from([1, 2]) }],
        ["F", { type: "table", value: [["a", { type: "int8", value: 1 }]] }],
        ["A", { type: "array", value: [{ type: "text", value: "b" }] }],
        ["s", { type: "text", value: "again" }],
        ["nul", { type: "text", value: "a\0b" }],
      ],
    });

    expect(message.headers.filter(([name]) => /^(?:[silDdtTVxFA]|nul)$/.test(name))).toEqual([
      ["s", "a:b\nc"],
      ["i", "-7"],
      ["l", "9007199254740993"],
      ["d", "21.5"],
      ["t", "true"],
      ["T", "1700000000"],
      ["D", "12.34"],
      ["V", ""],
      ["x", "base64:AQI="],
      ["F", '{"a":1}'],
      ["A", '["b"]'],
      ["s", "again"],
      ["nul", "base64:YQBi"],
    ]);
  });

  it("with full fidelity tells the types, which come back with what is sent on", async () => {
    const broker = await TestBroker.open({ fidelity: "full" });
    const client = await broker.connect();
    await client.confirm("SUBSCRIBE", { id: "1", destination: "/topic/in" });
    const headers = [
      ["n", { type: "int8", value: 7 }],
      ["s", { type: "text", value: "x" }],
      ["subscription", { type: "boolean", value: true }],
    ] as const;
    const published = broker.publish({ topic: "in" }, "x", { headers });
    const [message] = await client.take();
    expect(header(message, "x-types")).toBe("n=b;x-hdr-subscription=t");
    const messages: Message[] = [];
    const subscriber: Subscriber = { deliver: (sent) => void messages.push(sent) };
    broker.vhost.subscribe(broker.vhost.exchange(TOPIC_SPACE), subscriber, { key: "out" });

    await client.confirm("SEND", {
      destination: "/topic/out",
      n: "7",
      s: "x",
      "x-types": header(message, "x-types") ?? "",
    });

    expect(messages[0]?.properties.headers).toEqual(published.properties.headers.slice(0, 2));
  });

  it("gives ActiveMQ's clients the time of expiry, if the operator wants that", async () => {
    const broker = await TestBroker.open({ expiryHeader: "expires" });
    const client = await broker.connect();
    await client.confirm("SUBSCRIBE", { id: "1", destination: "/topic/t" });
    broker.publish({ topic: "t" }, "x", {}, { expiresAtMs: broker.clock.now() + 1_000 });

    const [message] = await client.take();

    expect(header(message, "expires")).toBe(String(broker.clock.now() + 1_000));
    expect(header(message, "expiration")).toBeUndefined();
  });

  it("gives each repeat of a header a name of its own, if the operator wants that", async () => {
    const broker = await TestBroker.open({ repeatedHeaders: "suffix" });
    const client = await broker.connect();
    await client.confirm("SUBSCRIBE", { id: "1", destination: "/topic/t" });
    const headers = [
      ["a", "1"],
      ["a", "2"],
      ["a-2", "mine"],
      ["a", "3"],
      ["a-2", "mine too"],
    ].map(([name = "", value = ""]) => [name, { type: "text", value }] as const);
    broker.publish({ topic: "t" }, "x", { headers });

    const [message] = await client.take();

    const shown = ["a", "a-2", "a-3", "a-4", "a-2-2"].map((name) => header(message, name));
    expect(shown).toEqual(["1", "mine", "2", "3", "mine too"]);
  });

  it("lets no foreign header pass for one of ours", async () => {
    const names = [
      "subscription",
      "destination",
      "content-length",
      "message-id",
      "ack",
      "receipt-id",
      "x-publisher-user",
    ];
    const message = await delivered({ topic: "t" }, "body", {
      headers: names.map((name) => [name, { type: "text", value: "spoof" }] as const),
    });

    expect(header(message, "destination")).toBe("/topic/t");
    expect(header(message, "content-length")).toBe("4");
    expect(header(message, "x-hdr-subscription")).toBe("spoof");
    expect(header(message, "x-hdr-content-length")).toBe("spoof");
    expect(header(message, "receipt-id")).toBeUndefined();
    expect(header(message, "x-publisher-user")).toBe("alice");
    expect(header(message, "x-publisher-protocol")).toBe("mqtt");
    expect(header(message, "x-publisher-id")).toBe("sensor-7");
  });

  it("shows a topic as it is where the destination had to escape it", async () => {
    expect(header(await delivered({ topic: "escaped/*" }, "x"), "x-topic")).toBe("escaped/*");
    expect(header(await delivered({ topic: "plain/topic" }, "x"), "x-topic")).toBeUndefined();
  });

  it("hides AMQP's routing headers, which from elsewhere are headers like others", async () => {
    const headers = [["CC", { type: "text", value: "other" }]] as const;
    const amqp = { protocol: "amqp", version: "0-9-1", decode: () => ({ headers }) };

    expect(header(await delivered({ topic: "t" }, "x", {}, { codec: amqp }), "CC")).toBeUndefined();
    expect(header(await delivered({ topic: "t" }, "x", { headers }), "CC")).toBe("other");
  });

  it("to another version gives the time to live that remains, however it was written", async () => {
    const broker = await TestBroker.open();
    const sender = await broker.connect("1.2");
    const receiver = await broker.connect("1.1");
    await receiver.confirm("SUBSCRIBE", { id: "1", destination: "/topic/t" });
    for (const life of [{ expires: broker.clock.now() + 5_000 }, { expiration: 5_000 }]) {
      await sender.confirm("SEND", { destination: "/topic/t", ...life });
      const [message] = await receiver.take();
      expect(header(message, "expiration")).toBe("5000");
      expect(header(message, "expires")).toBeUndefined();
    }
  });

  it("within STOMP adds nobody's name", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    await client.confirm("SUBSCRIBE", { id: "1", destination: "/topic/t" });

    expect(header(await client.ask("SEND", { destination: "/topic/t" }), "x-publisher-id")).toBeUndefined();
  });
});

describe("request and reply", () => {
  it("through a temporary queue: the requester gets the answer under its own name for it", async () => {
    const broker = await TestBroker.open();
    const [requester, responder] = [await broker.connect(), await broker.connect("1.1")];
    await responder.confirm("SUBSCRIBE", { id: "1", destination: "/queue/requests" });
    for (const round of ["1", "2"]) {
      await requester.confirm(
        "SEND",
        { destination: "/queue/requests", "reply-to": "/temp-queue/foo", "correlation-id": round },
        "ask",
      );
      const [request] = await responder.take();
      const replyTo = header(request, "reply-to") ?? "";
      expect(replyTo).toMatch(/^\/reply-queue\/./);
      await responder.confirm(
        "SEND",
        { destination: replyTo, "correlation-id": header(request, "correlation-id") ?? "" },
        "answer",
      );

      const [answer] = await requester.take();

      expect(answer?.body.toString()).toBe("answer");
      expect(header(answer, "subscription")).toBe("/temp-queue/foo");
      expect(header(answer, "destination")).toBe("/temp-queue/foo");
      expect(header(answer, "correlation-id")).toBe(round);
    }
  });

  it("a temporary queue can be subscribed to first, with an id, and goes with its connection", async () => {
    const broker = await TestBroker.open();
    const requester = await broker.connect();
    await requester.confirm("SUBSCRIBE", { id: "replies", destination: "/temp-queue/foo", ack: "client" });
    await requester.confirm("SEND", { destination: "/queue/requests", "reply-to": "/temp-queue/foo" });
    const [name = ""] = [...broker.vhost.topology.queues.keys()].filter((queue) =>
      queue.startsWith("stomp-temp"),
    );
    broker.publish({ queue: name }, "answer");
    const answers = await requester.take();
    expect(answers.map((frame) => header(frame, "subscription"))).toEqual(["replies"]);
    requester.cut();

    expect(broker.vhost.topology.queues.has(name)).toBe(false);
  });

  it("is another connection's own under the same name", async () => {
    const broker = await TestBroker.open();
    const [one, two] = [await broker.connect(), await broker.connect()];
    await one.confirm("SUBSCRIBE", { id: "1", destination: "/temp-queue/x" });
    await two.confirm("SUBSCRIBE", { id: "1", destination: "/temp-queue/x" });

    expect(bodies(await one.ask("SEND", { destination: "/temp-queue/x" }, "mine"))).toEqual(["mine"]);
    expect(await two.take()).toEqual([]);
  });

  it("a reply-to of a queue or topic that stays goes on as it is", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    await client.confirm("SUBSCRIBE", { id: "1", destination: "/queue/known" });

    const [request] = await client.ask("SEND", { destination: "/queue/known", "reply-to": "/queue/reply" });

    expect(header(request, "reply-to")).toBe("/queue/reply");
  });

  it("an answer to /reply-queue reaches another protocol's mailbox and topic", async () => {
    const broker = await TestBroker.open();
    const client = await broker.connect();
    const answers: string[] = [];
    broker.vhost.openMailbox("amq.rabbitmq.reply-to.token", {
      deliver: (message) => void answers.push(Buffer.from(message.body).toString()),
    });
    await client.confirm("SUBSCRIBE", { id: "1", destination: "/topic/replies/to/mqtt" });
    await client.confirm("SEND", { destination: "/reply-queue/amq.rabbitmq.reply-to.token" }, "to a mailbox");

    const [message] = await client.ask(
      "SEND",
      { destination: "/reply-queue/amq.gw.t.replies.to.mqtt" },
      "to a topic",
    );

    expect(answers).toEqual(["to a mailbox"]);
    expect(message?.body.toString()).toBe("to a topic");
    expect(broker.vhost.exchange(DEFAULT_EXCHANGE).name).toBe("");
  });
});
