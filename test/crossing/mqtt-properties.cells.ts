import { expect } from "vitest";
import { amqp, type Cell, mqtt5, rows, stomp } from "./cell.ts";

const LONG = "x".repeat(300);
const LONG_TOPIC = Array.from({ length: 60 }, (_, at) => `level${at}`).join("/");
/** What remains of 100 seconds, in milliseconds. */
const REMAINING_MS: unknown = expect.stringMatching(/^(100000|9\d{4})$/);

/** Towards AMQP 0-9-1. */
const toAmqp: readonly Cell[] = rows("4.1", "amqp", [
  { name: "QoS 0 is delivery_mode 1", sent: mqtt5({ qos: 0 }), with: { deliveryMode: 1 } },
  { name: "QoS 1 is delivery_mode 2", sent: mqtt5({ qos: 1 }), with: { deliveryMode: 2 } },
  { name: "QoS 2 is delivery_mode 2", sent: mqtt5({ qos: 2 }), with: { deliveryMode: 2 } },
  { name: "DUP is of the hop only", sent: mqtt5({ qos: 1, dup: true }), with: { redelivered: false } },
  {
    name: "RETAIN is the header x-retain",
    sent: mqtt5({ retain: true }),
    with: { headers: { "x-retain": true } },
  },
  { name: "no RETAIN is no header", sent: mqtt5({}), with: {}, without: [["headers", "x-retain"]] },
  {
    name: "Payload Format Indicator is the header x-payload-format",
    sent: mqtt5({ payloadFormatIndicator: true }),
    with: { headers: { "x-payload-format": 1 } },
  },
  {
    name: "no Payload Format Indicator is no header",
    sent: mqtt5({}),
    with: {},
    without: [["headers", "x-payload-format"]],
  },
  {
    name: "Message Expiry Interval is expiration, the milliseconds that remain",
    sent: mqtt5({ messageExpiryInterval: 100 }),
    with: { expiration: REMAINING_MS },
  },
  {
    name: "Content Type is content_type",
    sent: mqtt5({ contentType: "application/json" }),
    with: { contentType: "application/json" },
    without: [["headers", "x-content-type"]],
  },
  {
    name: "a Content Type that is not ASCII is content_type too",
    sent: mqtt5({ contentType: "text/größe" }),
    with: { contentType: "text/größe" },
  },
  {
    name: "a Content Type of more than 255 bytes is the header x-content-type",
    sent: mqtt5({ contentType: LONG }),
    with: { headers: { "x-content-type": LONG } },
    without: [["contentType"]],
  },
  {
    name: "Response Topic is a usable reply_to and the header x-reply-to-topic",
    sent: mqtt5({ responseTopic: "answers/for.me" }),
    with: { replyTo: "amq.gw.t.answers.for/me", headers: { "x-reply-to-topic": "answers.for/me" } },
  },
  {
    name: "a long Response Topic is a short token, and the whole of it in x-reply-to-topic",
    sent: mqtt5({ responseTopic: LONG_TOPIC }),
    with: {
      replyTo: expect.stringMatching(/^.{1,255}$/),
      headers: { "x-reply-to-topic": LONG_TOPIC.replaceAll("/", ".") },
    },
  },
  {
    name: "Correlation Data that is text is correlation_id",
    sent: mqtt5({ correlationData: "order 1" }),
    with: { correlationId: "order 1" },
    without: [["headers", "x-correlation-id"]],
  },
  {
    name: "Correlation Data that is not UTF-8 is a token and the header x-correlation-id",
    sent: mqtt5({ correlationData: "hex:ff00fe" }),
    with: {
      correlationId: expect.stringMatching(/^gw:.+/),
      headers: { "x-correlation-id": "bytes:hex:ff00fe" },
    },
  },
  {
    name: "Correlation Data with NUL is a token and the header x-correlation-id",
    sent: mqtt5({ correlationData: "a\0b" }),
    with: { correlationId: expect.stringMatching(/^gw:.+/), headers: { "x-correlation-id": "bytes:a\0b" } },
  },
  {
    name: "Correlation Data of more than 255 bytes is a token and the header x-correlation-id",
    sent: mqtt5({ correlationData: LONG }),
    with: {
      correlationId: expect.stringMatching(/^gw:.+/),
      headers: { "x-correlation-id": `bytes:${LONG}` },
    },
  },
  {
    name: "User Properties are headers",
    sent: mqtt5({ userProperties: { colour: "blue", größe: "ü:\n" } }),
    with: { headers: { colour: "blue", größe: "ü:\n" } },
  },
  {
    name: "a repeated User Property is an array",
    sent: mqtt5({ userProperties: { colour: ["blue", "red", "blue"] } }),
    with: { headers: { colour: ["blue", "red", "blue"] } },
  },
  {
    name: "a User Property with a name of more than 255 bytes is in x-long-headers",
    sent: mqtt5({ userProperties: { [LONG]: "v", short: "w" } }),
    with: { headers: { short: "w", "x-long-headers": [{ name: LONG, value: "v" }] } },
  },
  {
    name: "a User Property named as an AMQP property stays a header",
    sent: mqtt5({ userProperties: { "user-id": "root", type: "t", priority: "9", "app-id": "a" } }),
    with: { headers: { "user-id": "root", type: "t", priority: "9", "app-id": "a" } },
    without: [["userId"], ["type"], ["priority"], ["appId"]],
  },
]);

/** Towards STOMP. */
const toStomp: readonly Cell[] = rows("4.1", "stomp1.2", [
  { name: "QoS 0 is not persistent", sent: mqtt5({ qos: 0 }), with: {}, without: [["persistent"]] },
  { name: "QoS 1 is persistent:true", sent: mqtt5({ qos: 1 }), with: { persistent: "true" } },
  { name: "QoS 2 is persistent:true", sent: mqtt5({ qos: 2 }), with: { persistent: "true" } },
  {
    name: "RETAIN is retain:true",
    sent: mqtt5({ retain: true }),
    with: { retain: "true" },
    without: [["retained"]],
  },
  { name: "no RETAIN is no header", sent: mqtt5({}), with: {}, without: [["retain"]] },
  {
    name: "Payload Format Indicator is payload-format:1, and no charset is added",
    sent: mqtt5({ payloadFormatIndicator: true, contentType: "text/plain" }),
    with: { "payload-format": "1", "content-type": "text/plain" },
  },
  {
    name: "Message Expiry Interval is expiration, the milliseconds that remain",
    sent: mqtt5({ messageExpiryInterval: 100 }),
    with: { expiration: REMAINING_MS },
  },
  {
    name: "Content Type is content-type",
    sent: mqtt5({ contentType: "application/json" }),
    with: { "content-type": "application/json" },
  },
  { name: "no Content Type is no content-type", sent: mqtt5({}), with: {}, without: [["content-type"]] },
  {
    name: "Response Topic is reply-to:/topic/…",
    sent: mqtt5({ responseTopic: "answers/for.me" }),
    with: { "reply-to": "/topic/answers/for.me" },
  },
  {
    name: "Correlation Data that is text is correlation-id",
    sent: mqtt5({ correlationData: "order 1" }),
    with: { "correlation-id": "order 1" },
  },
  {
    name: "Correlation Data that is not text is base64:…",
    sent: mqtt5({ correlationData: "hex:ff00fe" }),
    with: { "correlation-id": "base64:/wD+" },
  },
  {
    name: "User Properties are headers",
    sent: mqtt5({ userProperties: { colour: "blue", größe: "ü:\n" } }),
    with: { colour: "blue", größe: "ü:\n" },
  },
  {
    name: "of a repeated User Property the first comes first",
    sent: mqtt5({ userProperties: { colour: ["blue", "red"] } }),
    with: { colour: "blue" },
  },
  {
    name: "User Properties named like control headers get the prefix x-hdr-",
    sent: mqtt5({ userProperties: { destination: "/queue/x", subscription: "9", "content-length": "1" } }),
    with: { "x-hdr-destination": "/queue/x", "x-hdr-subscription": "9", "x-hdr-content-length": "1" },
  },
]);

/** Among MQTT 5 clients: everything that is forwarded, as it was. */
const toMqtt5: readonly Cell[] = rows("4.1", "mqtt5", [
  { name: "DUP is of the hop only", sent: mqtt5({ qos: 1, dup: true }), with: { dup: false, qos: 1 } },
  {
    name: "RETAIN is off without Retain As Published",
    sent: mqtt5({ retain: true }),
    with: { retain: false },
  },
  {
    name: "Payload Format Indicator",
    sent: mqtt5({ payloadFormatIndicator: true }),
    with: { payloadFormatIndicator: true },
  },
  {
    name: "Message Expiry Interval is what remains",
    sent: mqtt5({ messageExpiryInterval: 100 }),
    with: { messageExpiryInterval: expect.toSatisfy((s: number) => s > 90 && s <= 100) },
  },
  { name: "Content Type", sent: mqtt5({ contentType: LONG }), with: { contentType: LONG } },
  { name: "Response Topic", sent: mqtt5({ responseTopic: LONG_TOPIC }), with: { responseTopic: LONG_TOPIC } },
  {
    name: "Correlation Data",
    sent: mqtt5({ correlationData: "hex:ff00fe" }),
    with: { correlationData: "hex:ff00fe" },
  },
  {
    name: "User Properties with repeats",
    sent: mqtt5({ userProperties: { b: ["2", "1", "2"], a: "ü", [LONG]: "" } }),
    with: { userProperties: { b: ["2", "1", "2"], a: "ü", [LONG]: "" } },
  },
  {
    name: "names that other protocols reserve are plain User Properties",
    sent: mqtt5({ userProperties: { "x-retain": "true", "x-content-type": "c", "reply-to": "r", CC: "k" } }),
    with: { userProperties: { "x-retain": "true", "x-content-type": "c", "reply-to": "r", CC: "k" } },
  },
]);

const ofSubscription: readonly Cell[] = [
  {
    section: "4.1",
    name: "RETAIN is on with Retain As Published",
    sent: mqtt5({ retain: true }),
    arrives: { at: "mqtt5", with: { retain: true }, subscribing: { rap: true } },
  },
  {
    section: "4.1",
    name: "the Subscription Identifier is the subscriber's own",
    sent: mqtt5({}),
    arrives: {
      at: "mqtt5",
      with: { subscriptionIdentifier: expect.toSatisfy((ids) => [ids].flat().join() === "7") },
      subscribing: { subscriptionIdentifier: 7 },
    },
  },
  {
    section: "4.1",
    name: "nothing but topic, body, QoS and RETAIN exists",
    sent: mqtt5({
      qos: 1,
      contentType: "c",
      userProperties: { a: "b" },
      correlationData: "x",
      responseTopic: "r",
    }),
    arrives: {
      at: "mqtt3.1.1",
      with: { qos: 1 },
      without: [["contentType"], ["userProperties"], ["correlationData"], ["responseTopic"]],
    },
  },
];

/** The way back. */
const fromAmqp: readonly Cell[] = rows("4.1", "mqtt5", [
  {
    name: "headers are User Properties",
    sent: amqp({ headers: { colour: "blue", größe: "ü:\n" } }),
    with: { userProperties: { colour: "blue", größe: "ü:\n" } },
  },
  {
    name: "x-reply-to-topic, spelled as a routing key, is Response Topic and not shown",
    sent: amqp({ headers: { "x-reply-to-topic": "answers.for/me" } }),
    with: { responseTopic: "answers/for.me" },
    without: [["userProperties", "x-reply-to-topic"]],
  },
  {
    name: "x-correlation-id is Correlation Data and not shown",
    sent: amqp({ headers: { "x-correlation-id": Buffer.from([0xff, 0, 0xfe]) } }),
    with: { correlationData: "hex:ff00fe" },
    without: [["userProperties", "x-correlation-id"]],
  },
  {
    name: "x-payload-format is Payload Format Indicator and not shown",
    sent: amqp({ headers: { "x-payload-format": 1 } }),
    with: { payloadFormatIndicator: true },
    without: [["userProperties", "x-payload-format"]],
  },
  {
    name: "x-content-type is Content Type and not shown",
    sent: amqp({ headers: { "x-content-type": LONG } }),
    with: { contentType: LONG },
    without: [["userProperties", "x-content-type"]],
  },
  {
    name: "x-long-headers are User Properties with long names",
    sent: amqp({ headers: { "x-long-headers": [{ name: LONG, value: "v" }] } }),
    with: { userProperties: { [LONG]: "v" } },
    without: [["userProperties", "x-long-headers"]],
  },
  {
    name: "x-retain is RETAIN and not shown",
    sent: amqp({ headers: { "x-retain": true } }),
    with: { retain: true },
    without: [["userProperties", "x-retain"]],
    subscribing: { rap: true },
  },
]);

const fromStomp: readonly Cell[] = rows("4.1", "mqtt5", [
  {
    name: "payload-format:1 is Payload Format Indicator",
    sent: stomp({ "payload-format": "1" }),
    with: { payloadFormatIndicator: true },
  },
  {
    name: "reply-to:/topic/… is Response Topic",
    sent: stomp({ "reply-to": "/topic/answers/for.me" }),
    with: { responseTopic: "answers/for.me" },
    without: [["userProperties", "reply-to"]],
  },
  {
    name: "correlation-id is Correlation Data",
    sent: stomp({ "correlation-id": "order 1" }),
    with: { correlationData: "order 1" },
    without: [["userProperties", "correlation-id"]],
  },
  {
    name: "correlation-id base64:… is the bytes it stands for",
    sent: stomp({ "correlation-id": "base64:/wD+" }),
    with: { correlationData: "hex:ff00fe" },
  },
]);

/** mapping.md §4.1, both directions. */
export const MQTT_CELLS: readonly Cell[] = [
  ...toAmqp,
  ...toStomp,
  ...toMqtt5,
  ...ofSubscription,
  ...fromAmqp,
  ...fromStomp,
];
