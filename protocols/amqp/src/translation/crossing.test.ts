import {
  type Address,
  CORE_PROPERTIES,
  encodeCoreProperties,
  type Headers,
  Message,
  type MessageFields,
  type Properties,
  type Publisher,
  text,
  Topic,
  type Value,
} from "@dragoman/core";
import { openTestBroker } from "@dragoman/core/testing";
import { describe, expect, it, test } from "vitest";
import type { BasicPublish } from "../codec/methods/basic.generated.ts";
import { type BasicProperties, encodeProperties } from "../codec/properties.ts";
import { DEFAULT_OPTIONS } from "../options.ts";
import { PropertyList } from "../codec/property-list.ts";
import { propertiesFor, type Receiver } from "./delivery-properties.ts";
import { AMQP_PROPERTIES } from "./property-codec.ts";
import { readPublication } from "./publication.ts";

const publisher: Publisher = {
  protocol: "mqtt",
  version: "5.0",
  connectionId: "mqtt-1",
  clientId: "sensor-7",
  user: "plant",
  peer: "test:1",
};

const PUBLISHER_HEADERS: Headers = [
  ["x-publisher-id", text("sensor-7")],
  ["x-publisher-user", text("plant")],
  ["x-publisher-protocol", text("mqtt")],
];

async function virtualHost() {
  const { broker, clock } = await openTestBroker();
  return { vhost: broker.virtualHost("/"), clock };
}

/** A message of another protocol, as an AMQP client gets it. */
async function crossed(
  properties: Partial<Properties>,
  fields: Partial<MessageFields> = {},
  options: Receiver["options"] = DEFAULT_OPTIONS,
) {
  const { vhost, clock } = await virtualHost();
  const message = new Message({
    exchange: "amq.topic",
    topic: new Topic("a/b"),
    body: Buffer.from("body"),
    publisher,
    receivedAtMs: clock.now(),
    durable: false,
    codec: CORE_PROPERTIES,
    raw: encodeCoreProperties({ headers: [], ...properties }),
    ...fields,
  });
  return { all: new PropertyList(propertiesFor(message, { vhost, options })).decodeAll(), vhost };
}

function decoded(properties: BasicProperties): Properties {
  return AMQP_PROPERTIES.decode(encodeProperties(properties));
}

function publishTo(routingKey: string): BasicPublish {
  return { name: "basic.publish", exchange: "", routingKey, mandatory: false, immediate: false };
}

const array = (...value: Value[]): Value => ({ type: "array", value });
const nested = (name: string): Value => array({ type: "table", value: [[name, text("x")]] });

describe("a message of another protocol, as AMQP has it", () => {
  it("says who published it, over whatever its headers claim", async () => {
    const { all } = await crossed({
      headers: [
        ["x-publisher-user", text("root")],
        ["a", text("b")],
      ],
    });

    expect(all.headers).toEqual([["a", text("b")], ...PUBLISHER_HEADERS]);
  });

  it("cuts names within tables that AMQP cannot write", async () => {
    const { all } = await crossed({ headers: [["a", nested("n".repeat(300))]] });

    expect(all.headers).toContainEqual(["a", nested("n".repeat(255))]);
  });

  it("keeps each property that has a place of its own", async () => {
    const { all } = await crossed(
      {
        contentType: "text/plain",
        contentEncoding: "gzip",
        messageId: "m",
        type: "t",
        appId: "a",
        claimedUserId: "u",
        timestamp: { value: 1_700_000_000_123, unit: "ms" },
        correlation: { bytes: Buffer.from("c"), isText: false },
        replyTo: { raw: "/queue/answers", address: { kind: "queue", name: "answers" } },
      },
      { priority: 3, durable: true },
    );

    expect(all).toMatchObject({
      contentType: "text/plain",
      contentEncoding: "gzip",
      messageId: "m",
      type: "t",
      appId: "a",
      userId: "u",
      timestamp: 1_700_000_000n,
      correlationId: "c",
      replyTo: "answers",
      priority: 3,
      deliveryMode: 2,
    });
  });

  test.each([
    { qos: 0, durable: false, mode: 1 },
    { qos: 1, durable: true, mode: 2 },
    { qos: undefined, durable: false, mode: undefined },
  ] as const)("has delivery_mode $mode for QoS $qos, durable: $durable", async ({ qos, durable, mode }) => {
    expect((await crossed({}, { qos, durable })).all.deliveryMode).toBe(mode);
  });

  it.each([
    ["first", "1"],
    ["last", "x"],
    ["join", "1,2,x"],
  ] as const)("keeps of a repeated header what the operator wants: %s", async (repeatedHeaders, want) => {
    const headers: Headers = [
      ["a", text("1")],
      ["b", { type: "int32", value: 3 }],
      ["a", { type: "int32", value: 2 }],
      ["a", text("x")],
    ];
    const { all } = await crossed({ headers }, {}, { repeatedHeaders });

    expect(all.headers?.slice(0, 2)).toEqual([
      ["a", text(want)],
      ["b", { type: "int32", value: 3 }],
    ]);
  });

  it("gathers the values of a repeated header in one array", async () => {
    const headers: Headers = [
      ["a", text("1")],
      ["b", text("x")],
      ["a", text("2")],
    ];

    expect((await crossed({ headers })).all.headers?.slice(0, 2)).toEqual([
      ["a", array(text("1"), text("2"))],
      ["b", text("x")],
    ]);
  });

  it("puts what is too long for its place into headers", async () => {
    const long = "x".repeat(256);
    const { all } = await crossed({ contentType: long, headers: [[long, text("v")]] });

    expect(all.contentType).toBeUndefined();
    expect(all.headers).toEqual([
      [
        "x-long-headers",
        array({
          type: "table",
          value: [
            ["name", text(long)],
            ["value", text("v")],
          ],
        }),
      ],
      ["x-content-type", text(long)],
      ...PUBLISHER_HEADERS,
    ]);
    expect(decoded(all)).toMatchObject({
      contentType: long,
      headers: [...PUBLISHER_HEADERS, [long, text("v")]],
    });
  });

  it("tells of retaining, of declared text, and of a topic that is too long for a routing key", async () => {
    const path = `a/${"b".repeat(300)}`;
    const { all } = await crossed({ utf8: true }, { retain: true, topic: new Topic(path) });

    expect(all.headers).toEqual([
      ["x-payload-format", { type: "int32", value: 1 }],
      ["x-retain", { type: "boolean", value: true }],
      ["x-topic", text(path)],
      ...PUBLISHER_HEADERS,
    ]);
  });

  it("tells the milliseconds that are left of its life", async () => {
    const { clock } = await virtualHost();

    expect((await crossed({}, { expiresAtMs: clock.now() + 1_500 })).all.expiration).toBe("1500");
  });

  it("offers a reply address that a client can send to which knows only queues", async () => {
    const address: Address = { kind: "topic", topic: new Topic("reply/to.me") };
    const { all } = await crossed({ replyTo: { raw: "reply/to.me", address } });

    expect(all.replyTo).toBe("amq.gw.t.reply.to/me");
    expect(all.headers).toContainEqual(["x-reply-to-topic", text("reply.to/me")]);
    expect(decoded(all).replyTo?.address).toEqual({ kind: "topic", topic: new Topic("reply/to.me") });
  });

  it("keeps a reply address that no name can hold, and finds it again when the answer comes", async () => {
    const topic = new Topic(`reply/${"x".repeat(300)}`);
    const { all, vhost } = await crossed({ replyTo: { raw: topic.path, address: { kind: "topic", topic } } });
    const method = publishTo(all.replyTo ?? "");
    const channel = { vhost, publisher, replyAddress: undefined };

    const { head } = readPublication(method, encodeProperties({}), channel);

    expect([head.exchange, head.topic.path]).toEqual(["amq.topic", topic.path]);
  });

  it("stands for a correlation that is no text with a token, and knows it when the answer repeats it", async () => {
    const bytes = Buffer.from([0xff, 0x00]);
    const { all, vhost } = await crossed({ correlation: { bytes, isText: false } });
    expect(all.correlationId).toMatch(/^gw:/);
    expect(all.headers).toContainEqual(["x-correlation-id", { type: "bytes", value: bytes }]);

    const method = publishTo("answers");
    const properties = encodeProperties({ correlationId: all.correlationId });
    const channel = { vhost, publisher, replyAddress: undefined };
    const { head } = readPublication(method, properties, channel);

    expect(head.properties.correlation).toEqual({ bytes, isText: false });
  });
});

describe("a message of AMQP, as other protocols have it", () => {
  it("keeps each property and the types of its headers", () => {
    const headers: Headers = [
      ["n", { type: "int8", value: 1 }],
      ["t", { type: "table", value: [["x", { type: "void" }]] }],
    ];

    expect(
      decoded({
        contentType: "text/plain",
        contentEncoding: "gzip",
        headers,
        correlationId: "c",
        replyTo: "q",
        messageId: "m",
        timestamp: 7n,
        type: "t",
        userId: "u",
        appId: "a",
      }),
    ).toEqual({
      contentType: "text/plain",
      contentEncoding: "gzip",
      utf8: undefined,
      headers,
      correlation: { bytes: Buffer.from("c"), isText: true },
      replyTo: { raw: "q", address: { kind: "queue", name: "q" } },
      messageId: "m",
      type: "t",
      appId: "a",
      claimedUserId: "u",
      timestamp: { value: 7, unit: "s" },
    });
  });

  it("reads the headers that stand for properties, and does not show them", () => {
    const properties = decoded({
      headers: [
        ["x-content-type", text("text/long")],
        ["x-payload-format", { type: "int32", value: 1 }],
        ["x-correlation-id", { type: "bytes", value: Buffer.from([255]) }],
        ["x-reply-to-topic", text("a.b")],
        ["x-retain", { type: "boolean", value: true }],
        ["seen", text("yes")],
      ],
    });

    expect(properties).toMatchObject({
      contentType: "text/long",
      utf8: true,
      correlation: { bytes: Buffer.from([255]), isText: false },
      replyTo: { raw: "a.b", address: { kind: "topic", topic: new Topic("a/b") } },
      headers: [["seen", text("yes")]],
    });
  });

  it("hides a history that we understand, since the message has it, and shows any other", () => {
    const death: Value = {
      type: "table",
      value: [
        ["count", { type: "int64", value: 1n }],
        ["reason", text("expired")],
        ["queue", text("q")],
      ],
    };

    expect(
      decoded({
        headers: [
          ["x-death", array(death)],
          ["x-first-death-queue", text("q")],
        ],
      }).headers,
    ).toEqual([]);
    expect(decoded({ headers: [["x-death", text("mine")]] }).headers).toEqual([["x-death", text("mine")]]);
  });
});
