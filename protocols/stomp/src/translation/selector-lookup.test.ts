import {
  CORE_PROPERTIES,
  encodeCoreProperties,
  type Header,
  Message,
  Topic,
  TOPIC_SPACE,
} from "@dragoman/core";
import { describe, expect, it } from "vitest";
import { makeSelector } from "./selector-lookup.ts";

const headers: readonly Header[] = [
  ["text", { type: "text", value: "a" }],
  ["flag", { type: "boolean", value: true }],
  ["int", { type: "int16", value: -7 }],
  ["long", { type: "int64", value: 5_000_000_000n }],
  ["float", { type: "float64", value: 1.5 }],
  ["decimal", { type: "decimal", scale: 1, unscaled: 25 }],
  ["time", { type: "timestamp", value: 1_700_000_000n }],
  ["none", { type: "void" }],
  ["bytes", { type: "bytes", value: Buffer.from([1]) }],
  ["app-id", { type: "text", value: "header wins" }],
];

const message = new Message({
  exchange: TOPIC_SPACE,
  topic: new Topic("a"),
  body: Buffer.from("12345"),
  publisher: { protocol: "amqp", version: "0-9-1", connectionId: "", clientId: "", user: "", peer: "" },
  receivedAtMs: 1_000,
  durable: true,
  retain: true,
  priority: 6,
  expiresAtMs: 2_000,
  id: "the-id",
  codec: CORE_PROPERTIES,
  raw: encodeCoreProperties({
    headers,
    contentType: "text/plain",
    contentEncoding: "gzip",
    correlation: { bytes: Buffer.from("c"), isText: true },
    replyTo: { raw: "q", address: undefined },
    messageId: "m",
    type: "order",
    appId: "property",
    claimedUserId: "bob",
    timestamp: { value: 3, unit: "s" },
  }),
});

describe("what a selector sees of a message", () => {
  it.each([
    "text = 'a'",
    "flag AND flag = TRUE",
    "int = -7 AND int < 0",
    "long = 5000000000",
    "float * 2 = 3",
    "decimal = 2.5",
    "time > 1600000000",
    "none IS NULL AND missing IS NULL",
    "bytes = 'base64:AQ=='",
    "\"app-id\" = 'header wins'",
    "\"content-type\" = 'text/plain' AND \"content-encoding\" = 'gzip'",
    "\"correlation-id\" = 'c' AND \"reply-to\" = 'q' AND \"amqp-message-id\" = 'm'",
    "type = 'order' AND \"user-id\" = 'bob' AND timestamp = 3 AND priority = 6",
    "persistent = TRUE AND retain",
    "JMSMessageID = 'the-id' AND JMSType = 'order' AND JMSCorrelationID = 'c'",
    "JMSPriority = 6 AND JMSTimestamp = 1000 AND JMSExpiration = 2000",
    "JMSDeliveryMode = 'PERSISTENT'",
    "AMQPriority = 6 AND AMQTimestamp = 1000 AND AMQExpiration = 2000 AND AMQDurable = 'DURABLE' AND AMQSize = 5",
  ])("%s", (selector) => {
    expect(makeSelector(selector)(message)).toBe(true);
  });

  it("has defaults where the message says nothing", () => {
    const bare = message.with({
      priority: undefined,
      expiresAtMs: undefined,
      durable: false,
      raw: encodeCoreProperties({ headers: [] }),
    });
    const selector =
      "JMSPriority = 4 AND AMQPriority = 4 AND JMSExpiration = 0 AND AMQExpiration = 0 AND JMSType IS NULL AND " +
      "JMSDeliveryMode = 'NON_PERSISTENT' AND AMQDurable = 'NON_DURABLE' AND JMSCorrelationID IS NULL";

    expect(makeSelector(selector)(bare)).toBe(true);
  });
});
