import {
  type Address,
  CORE_PROPERTIES,
  encodeCoreProperties,
  type Headers,
  Message,
  type MessageFields,
  type Properties as CanonicalProperties,
  TOPIC_SPACE,
} from "@dragoman/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeProperties } from "../codec/properties.ts";
import type { Properties } from "../codec/property.ts";
import { propertiesArbitrary } from "../codec/packet.arbitraries.ts";
import { settle, type TestClient } from "../testing/test-client.ts";
import { connected, type StartedServer, startServer } from "../testing/test-server.ts";

const utf8 = (text: string): Buffer => Buffer.from(text);

/** What a client of another protocol would publish. */
function publishForeign(
  server: StartedServer,
  properties: Partial<CanonicalProperties>,
  fields: Partial<MessageFields> = {},
): void {
  const vhost = server.broker.virtualHost("/");
  const protocol = { ...CORE_PROPERTIES, protocol: "amqp", version: "0-9-1" };
  vhost.publish(
    new Message({
      exchange: TOPIC_SPACE,
      topic: vhost.topics.fromKey("a.b"),
      body: utf8("body"),
      publisher: {
        protocol: "amqp",
        version: "0-9-1",
        connectionId: "amqp-1",
        clientId: "amqp-1",
        user: "guest",
        peer: "test:1",
      },
      receivedAtMs: server.clock.now(),
      durable: false,
      codec: protocol,
      raw: encodeCoreProperties({ headers: [], ...properties }),
      ...fields,
    }),
  );
}

const publisherProperties = [
  ["x-publisher-id", "amqp-1"],
  ["x-publisher-user", "guest"],
  ["x-publisher-protocol", "amqp"],
] as const;

function replyTo(address: Address): CanonicalProperties {
  return { headers: [], replyTo: { raw: "raw", address } };
}

async function subscriberOf(server: StartedServer, version: 4 | 5 = 5): Promise<TestClient> {
  const client = await connected(server, { clientId: `subscriber-${version}` }, version);
  await client.subscribe("#", 2, { retainAsPublished: true });
  return client;
}

function propertiesOf(client: TestClient): Properties {
  return decodeProperties(client.takeMessage()?.properties ?? Buffer.of(), "publish");
}

describe("MQTT 5.0 to MQTT 5.0", () => {
  test("keeps every property, their order and their bytes [MQTT-3.3.2-4] [MQTT-3.3.2-15] [MQTT-3.3.2-16] [MQTT-3.3.2-17] [MQTT-3.3.2-18] [MQTT-3.3.2-20]", async () => {
    const server = await startServer();
    const subscriber = await subscriberOf(server);
    const publisher = await connected(server, { clientId: "publisher" });
    await fc.assert(
      fc.asyncProperty(propertiesArbitrary("publish", 5), fc.constantFrom(0, 1), async (properties, qos) => {
        const {
          topicAlias: _alias,
          subscriptionIdentifiers: _ids,
          messageExpiryInterval: _expiry,
          ...sent
        } = properties;
        publisher.publish("a/b", "x", { qos, packetId: qos, properties: sent });
        const [message] = subscriber.takeMessages();
        expect(decodeProperties(message?.properties ?? Buffer.of(), "publish")).toEqual(sent);
        if (qos === 1) {
          subscriber.send({ type: "puback", packetId: message?.packetId ?? 0, reason: 0, properties: {} });
        }
      }),
      { numRuns: 200 },
    );
  });

  test("keeps topics as they are, of any spelling [MQTT-4.7.3-4] [MQTT-1.5.4-3]", async () => {
    const server = await startServer();
    const subscriber = await subscriberOf(server);
    const publisher = await connected(server, { clientId: "publisher" });
    const topics = [
      "a.b",
      "/a//b/",
      "spBv1.0/g/NDATA",
      "x/*",
      "%2F/%",
      "\uFEFFa",
      "/hfp/v2/60;24/7:20",
      "a b",
      "é\u0301",
    ];
    for (const topic of topics) publisher.publish(topic, "x");

    expect(subscriber.takeMessages().map(({ topic }) => topic)).toEqual(topics);
  });

  test("reaches 3.1.1 with body, QoS and retention, and comes from there without properties", async () => {
    const server = await startServer();
    const old = await subscriberOf(server, 4);
    const publisher = await connected(server, { clientId: "publisher" });
    publisher.publish("a", "x", {
      qos: 2,
      packetId: 1,
      properties: { contentType: "text", userProperties: [["a", "b"]] },
    });
    expect(old.takeMessage()).toMatchObject({ topic: "a", qos: 2, payload: utf8("x") });

    const subscriber = await subscriberOf(server);
    old.publish("b", "y");
    expect(subscriber.takeMessage()).toMatchObject({
      topic: "b",
      properties: Buffer.of(),
      payload: utf8("y"),
    });
  });
});

describe("MQTT 5.0 as the core sees it", () => {
  test("has its properties in the canonical places", async () => {
    const server = await startServer();
    const vhost = server.broker.virtualHost("/");
    const seen: Message[] = [];
    vhost.subscribe(
      vhost.exchange(TOPIC_SPACE),
      { deliver: (message) => void seen.push(message) },
      { key: "#" },
    );
    const publisher = await connected(server, { clientId: "publisher" });
    publisher.publish("a.b/c", "x", {
      qos: 1,
      packetId: 1,
      retain: true,
      properties: {
        payloadFormatIndicator: 1,
        messageExpiryInterval: 30,
        contentType: "text/plain",
        responseTopic: "$queue/answers",
        correlationData: Buffer.of(0, 255),
        userProperties: [
          ["k", "1"],
          ["k", "2"],
        ],
      },
    });
    publisher.publish("d", "y", { properties: { responseTopic: "x/y.z" } });

    const [message, other] = seen;
    expect(message).toMatchObject({ qos: 1, durable: true, retain: true, ttlRaw: "30" });
    expect(message?.expiresAtMs).toBe(server.clock.now() + 30_000);
    expect(message?.topic.key).toBe("a/b.c");
    expect(message?.publisher).toMatchObject({ protocol: "mqtt", version: "5.0", clientId: "publisher" });
    expect(message?.properties).toMatchObject({
      contentType: "text/plain",
      utf8: true,
      correlation: { bytes: Buffer.of(0, 255), isText: false },
      replyTo: { raw: "$queue/answers", address: { kind: "queue", name: "answers" } },
      headers: [
        ["k", { type: "text", value: "1" }],
        ["k", { type: "text", value: "2" }],
      ],
    });
    expect(other?.properties.replyTo).toMatchObject({ address: { kind: "topic", topic: { key: "x.y/z" } } });
    expect(other?.durable).toBe(false);
  });
});

describe("a message of another protocol", () => {
  test("brings what MQTT has a place for, the rest as user properties in STOMP's words, and who published", async () => {
    const server = await startServer();
    const subscriber = await subscriberOf(server);
    publishForeign(
      server,
      {
        contentType: "application/json",
        contentEncoding: "gzip",
        headers: [
          ["text", { type: "text", value: "é" }],
          ["x-publisher-user", { type: "text", value: "somebody else" }],
        ],
        correlation: { bytes: utf8("c-1"), isText: true },
        messageId: "m",
        type: "t",
        appId: "app",
        claimedUserId: "guest",
        timestamp: { value: 1_700_000_000_999, unit: "ms" },
      },
      { priority: 3 },
    );

    expect(propertiesOf(subscriber)).toEqual({
      contentType: "application/json",
      correlationData: utf8("c-1"),
      userProperties: [
        ["text", "é"],
        ["amqp-message-id", "m"],
        ["type", "t"],
        ["app-id", "app"],
        ["user-id", "guest"],
        ["timestamp", "1700000000"],
        ["priority", "3"],
        ["content-encoding", "gzip"],
        ...publisherProperties,
      ],
    });
  });

  test("shows typed headers as text", async () => {
    const server = await startServer({ foreignProperties: "none" });
    const subscriber = await subscriberOf(server);
    const headers: Headers = [
      ["bool", { type: "boolean", value: true }],
      ["int8", { type: "int8", value: -5 }],
      ["int64", { type: "int64", value: 9_007_199_254_740_993n }],
      ["double", { type: "float64", value: 21.5 }],
      ["decimal", { type: "decimal", scale: 2, unscaled: 1_234 }],
      ["bytes", { type: "bytes", value: Buffer.of(0, 255) }],
      ["time", { type: "timestamp", value: 1_700_000_000n }],
      ["void", { type: "void" }],
      [
        "array",
        {
          type: "array",
          value: [
            { type: "int32", value: 1 },
            { type: "text", value: "a" },
          ],
        },
      ],
      ["table", { type: "table", value: [["k", { type: "boolean", value: false }]] }],
    ];
    publishForeign(server, { headers });

    expect(propertiesOf(subscriber).userProperties).toEqual([
      ["bool", "true"],
      ["int8", "-5"],
      ["int64", "9007199254740993"],
      ["double", "21.5"],
      ["decimal", "12.34"],
      ["bytes", "base64:AP8="],
      ["time", "1700000000"],
      ["void", ""],
      ["array", '[1,"a"]'],
      ["table", '{"k":false}'],
      ...publisherProperties,
    ]);
  });

  test("brings the types of its headers along where that is wanted, and has them again on the way back", async () => {
    const server = await startServer({ foreignProperties: "none", fidelity: "full" });
    const vhost = server.broker.virtualHost("/");
    const seen: Message[] = [];
    vhost.subscribe(
      vhost.exchange(TOPIC_SPACE),
      { deliver: (message) => void seen.push(message) },
      { key: "back" },
    );
    const subscriber = await subscriberOf(server);
    const headers: Headers = [
      ["n", { type: "int8", value: 5 }],
      ["text", { type: "text", value: "5" }],
    ];
    publishForeign(server, { headers });
    const { userProperties = [] } = propertiesOf(subscriber);
    expect(userProperties).toContainEqual(["x-types", "n=b"]);
    subscriber.publish("back", "x", { properties: { userProperties } });

    expect(seen[0]?.properties.headers.slice(0, 2)).toEqual(headers);
    expect(seen[0]?.properties.headers.some(([name]) => name === "x-types")).toBe(false);
  });

  test("gives back what AMQP carried for MQTT in headers", async () => {
    const server = await startServer();
    const subscriber = await subscriberOf(server);
    publishForeign(server, {
      headers: [
        ["x-content-type", { type: "text", value: "long/type" }],
        ["x-payload-format", { type: "int32", value: 1 }],
        ["x-correlation-id", { type: "bytes", value: Buffer.of(255) }],
        ["x-retain", { type: "boolean", value: true }],
        ["x-reply-to-topic", { type: "text", value: "a.b" }],
        [
          "x-long-headers",
          {
            type: "array",
            value: [
              {
                type: "table",
                value: [
                  ["name", { type: "text", value: "n".repeat(300) }],
                  ["value", { type: "text", value: "v" }],
                ],
              },
            ],
          },
        ],
      ],
    });

    expect(propertiesOf(subscriber)).toEqual({
      contentType: "long/type",
      responseTopic: "a/b",
      payloadFormatIndicator: 1,
      correlationData: Buffer.of(255),
      userProperties: [["n".repeat(300), "v"], ...publisherProperties],
    });
  });

  test("has the QoS of the subscription, and expires in what is left, rounded up", async () => {
    const server = await startServer();
    const subscriber = await subscriberOf(server);
    publishForeign(server, {}, { expiresAtMs: server.clock.now() + 1_200 });

    const message = subscriber.takeMessage();
    expect(message).toMatchObject({ qos: 2, topic: "a/b" });
    expect(decodeProperties(message?.properties ?? Buffer.of(), "publish").messageExpiryInterval).toBe(2);
  });

  test("can be answered: at its topic, or at a reply address that only its receiver may use", async () => {
    const server = await startServer();
    const vhost = server.broker.virtualHost("/");
    const options = { durable: false, exclusive: false, autoDelete: false };
    const answers = vhost.topology.declareQueue("answers", options, undefined);
    const subscriber = await subscriberOf(server);
    publishForeign(server, replyTo({ kind: "topic", topic: vhost.topics.fromPath("x/y") }));
    expect(propertiesOf(subscriber).responseTopic).toBe("x/y");

    publishForeign(server, replyTo({ kind: "queue", name: "answers" }));
    const { responseTopic = "" } = propertiesOf(subscriber);
    expect(responseTopic).toMatch(/^\$reply\/[\w-]{16,}$/);
    const thief = await connected(server, { clientId: "thief" });
    thief.publish(responseTopic, "stolen", { qos: 1, packetId: 1 });
    subscriber.publish(responseTopic, "answer", { qos: 1, packetId: 1 });
    await settle();

    expect(thief.take()).toMatchObject([{ type: "puback", reason: 0x87 }]);
    for await (const { body } of answers.browse()) expect(Buffer.from(body).toString()).toBe("answer");
    expect(answers.messageCount).toBe(1);
  });

  test("with a topic that MQTT cannot name is escaped, and with none is not delivered", async () => {
    const server = await startServer();
    const { topics } = server.broker.virtualHost("/");
    const subscriber = await subscriberOf(server);
    for (const path of ["a+/b#", "nul\0", ""]) publishForeign(server, {}, { topic: topics.fromPath(path) });

    expect(subscriber.takeMessages().map(({ topic }) => topic)).toEqual(["a%2B/b%23", "nul%00"]);
    expect(server.broker.drops.of("unnameable")).toBe(1);
  });

  test("tells of its deaths", async () => {
    const server = await startServer();
    const subscriber = await subscriberOf(server);
    const death = {
      reason: "expired",
      queue: "q",
      exchange: "e",
      keys: ["k"],
      count: 2,
      atMs: 5_000,
    } as const;
    publishForeign(server, {}, { deaths: [death] });

    const properties = new Map(propertiesOf(subscriber).userProperties);
    expect(JSON.parse(properties.get("x-death") ?? "")).toMatchObject([
      { queue: "q", reason: "expired", count: 2, time: 5 },
    ]);
    expect(properties.get("x-first-death-queue")).toBe("q");
  });

  test("loses a header that no user property can hold, and nothing else", async () => {
    const server = await startServer({ foreignProperties: "none" });
    const subscriber = await subscriberOf(server);
    publishForeign(server, {
      headers: [
        ["long", { type: "text", value: "x".repeat(70_000) }],
        ["nul", { type: "text", value: "a\0b" }],
      ],
    });

    expect(propertiesOf(subscriber).userProperties).toEqual([["nul", "a\uFFFDb"], ...publisherProperties]);
  });
});
