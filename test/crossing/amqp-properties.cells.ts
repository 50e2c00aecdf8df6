import { expect } from "vitest";
import { amqp, type Cell, mqtt5, type Row, rows, stomp } from "./cell.ts";

/** What remains of 100 seconds, in milliseconds. */
const REMAINING_MS: unknown = expect.stringMatching(/^(100000|9\d{4})$/);
/** Not the `m-1` that the publisher chose. */
const OTHER_THAN_OURS: unknown = expect.toSatisfy((id) => typeof id === "string" && id !== "m-1");
const TIMESTAMP = 1_700_000_000;

const toMqtt5: readonly Row[] = [
  {
    name: "content_type is Content Type",
    sent: amqp({ contentType: "application/json" }),
    with: { contentType: "application/json" },
  },
  {
    name: "content_encoding is the User Property content-encoding",
    sent: amqp({ contentEncoding: "gzip" }),
    with: { userProperties: { "content-encoding": "gzip" } },
  },
  {
    name: "a transient message comes at the subscription's QoS",
    sent: amqp({ persistent: false }),
    with: { qos: 2 },
  },
  {
    name: "a durable message comes at the subscription's QoS",
    sent: amqp({ persistent: true }),
    with: { qos: 2 },
  },
  {
    name: "priority is the User Property priority",
    sent: amqp({ priority: 7 }),
    with: { userProperties: { priority: "7" } },
  },
  {
    name: "correlation_id is Correlation Data",
    sent: amqp({ correlationId: "order 1" }),
    with: { correlationData: "order 1" },
    without: [["userProperties", "correlation-id"]],
  },
  {
    name: "reply_to is a usable Response Topic",
    sent: amqp({ replyTo: "answers" }),
    with: { responseTopic: expect.stringMatching(/^\$reply\/.+/) },
    without: [["userProperties", "reply-to"]],
  },
  {
    name: "expiration is Message Expiry Interval, rounded up",
    sent: amqp({ expiration: "1500" }),
    with: { messageExpiryInterval: 2 },
    without: [["userProperties", "expiration"]],
  },
  {
    name: "expiration is at least one second",
    sent: amqp({ expiration: "400" }),
    with: { messageExpiryInterval: 1 },
  },
  {
    name: "message_id is the User Property amqp-message-id",
    sent: amqp({ messageId: "m-1" }),
    with: { userProperties: { "amqp-message-id": "m-1" } },
  },
  {
    name: "timestamp is the User Property timestamp, in seconds",
    sent: amqp({ timestamp: TIMESTAMP }),
    with: { userProperties: { timestamp: String(TIMESTAMP) } },
  },
  {
    name: "type is the User Property type",
    sent: amqp({ type: "order.placed" }),
    with: { userProperties: { type: "order.placed" } },
  },
  {
    name: "app_id is the User Property app-id",
    sent: amqp({ appId: "shop" }),
    with: { userProperties: { "app-id": "shop" } },
  },
  {
    name: "user_id is the User Property user-id",
    sent: amqp({ userId: "guest" }),
    with: { userProperties: { "user-id": "guest" } },
  },
  {
    name: "CC and BCC are routing only",
    sent: amqp({ CC: "cell.elsewhere", BCC: "cell.nowhere" }),
    with: {},
    without: [
      ["userProperties", "CC"],
      ["userProperties", "BCC"],
    ],
  },
];

const toStomp: readonly Row[] = [
  {
    name: "content_type is content-type",
    sent: amqp({ contentType: "application/json" }),
    with: { "content-type": "application/json" },
  },
  {
    name: "content_encoding is content-encoding",
    sent: amqp({ contentEncoding: "gzip" }),
    with: { "content-encoding": "gzip" },
  },
  {
    name: "headers are headers",
    sent: amqp({ headers: { colour: "blue:\n" } }),
    with: { colour: "blue:\n" },
  },
  {
    name: "delivery_mode 2 is persistent:true",
    sent: amqp({ persistent: true }),
    with: { persistent: "true" },
  },
  {
    name: "delivery_mode 1 is no header",
    sent: amqp({ persistent: false }),
    with: {},
    without: [["persistent"]],
  },
  { name: "priority is priority", sent: amqp({ priority: 7 }), with: { priority: "7" } },
  {
    name: "correlation_id is correlation-id",
    sent: amqp({ correlationId: "order 1" }),
    with: { "correlation-id": "order 1" },
  },
  {
    name: "reply_to is reply-to:/reply-queue/…",
    sent: amqp({ replyTo: "answers" }),
    with: { "reply-to": "/reply-queue/answers" },
  },
  {
    name: "expiration is expiration, the milliseconds that remain",
    sent: amqp({ expiration: "100000" }),
    with: { expiration: REMAINING_MS },
  },
  {
    name: "message_id is amqp-message-id, and message-id is the broker's",
    sent: amqp({ messageId: "m-1" }),
    with: { "amqp-message-id": "m-1", "message-id": OTHER_THAN_OURS },
  },
  {
    name: "timestamp is timestamp, in seconds",
    sent: amqp({ timestamp: TIMESTAMP }),
    with: { timestamp: String(TIMESTAMP) },
  },
  { name: "type is type", sent: amqp({ type: "order.placed" }), with: { type: "order.placed" } },
  { name: "app_id is app-id", sent: amqp({ appId: "shop" }), with: { "app-id": "shop" } },
  { name: "user_id is user-id", sent: amqp({ userId: "guest" }), with: { "user-id": "guest" } },
  {
    name: "CC and BCC are routing only",
    sent: amqp({ CC: "cell.elsewhere", BCC: "cell.nowhere" }),
    with: {},
    without: [["CC"], ["BCC"]],
  },
  {
    name: "exchange and routing key are the destination",
    sent: amqp({}),
    with: { destination: expect.stringMatching(/^\/topic\/cell\/\d+$/) },
  },
];

/** Among AMQP clients: everything as it was. */
const toAmqp: readonly Row[] = [
  {
    name: "all properties are as they were",
    sent: amqp({
      contentType: "application/json",
      contentEncoding: "gzip",
      persistent: true,
      priority: 200,
      correlationId: "order 1",
      replyTo: "answers",
      messageId: "m-1",
      timestamp: TIMESTAMP,
      type: "order.placed",
      userId: "guest",
      appId: "shop",
    }),
    with: {
      contentType: "application/json",
      contentEncoding: "gzip",
      deliveryMode: 2,
      priority: 200,
      correlationId: "order 1",
      replyTo: "answers",
      messageId: "m-1",
      timestamp: TIMESTAMP,
      type: "order.placed",
      userId: "guest",
      appId: "shop",
      redelivered: false,
    },
  },
  {
    name: "expiration is the very string",
    sent: amqp({ expiration: "060000" }),
    with: { expiration: "060000" },
  },
  {
    name: "absent properties stay absent",
    sent: amqp({}),
    with: {},
    without: [
      ["contentType"],
      ["contentEncoding"],
      ["priority"],
      ["correlationId"],
      ["replyTo"],
      ["expiration"],
      ["messageId"],
      ["timestamp"],
      ["type"],
      ["userId"],
      ["appId"],
    ],
  },
  {
    name: "BCC is stripped, CC stays",
    sent: amqp({ CC: ["cell.elsewhere"], BCC: ["cell.nowhere"] }),
    with: { headers: { CC: ["cell.elsewhere"] } },
    without: [["headers", "BCC"]],
  },
  {
    name: "headers named as ours stay",
    sent: amqp({ headers: { "x-reply-to-topic": "a.b", "x-content-type": "c", "x-hdr-a": "d" } }),
    with: { headers: { "x-reply-to-topic": "a.b", "x-content-type": "c", "x-hdr-a": "d" } },
  },
];

/** Properties that AMQP has and another protocol spells as STOMP does. */
const fromStomp: readonly Row[] = [
  {
    name: "content-type and content-encoding",
    sent: stomp({ "content-type": "application/json", "content-encoding": "gzip" }),
    with: { contentType: "application/json", contentEncoding: "gzip" },
  },
  {
    name: "persistent:true is delivery_mode 2",
    sent: stomp({ persistent: "true" }),
    with: { deliveryMode: 2 },
  },
  {
    name: "priority",
    sent: stomp({ priority: "7" }),
    with: { priority: 7 },
    without: [["headers", "priority"]],
  },
  {
    name: "correlation-id",
    sent: stomp({ "correlation-id": "order 1" }),
    with: { correlationId: "order 1" },
  },
  { name: "expiration", sent: stomp({ expiration: "100000" }), with: { expiration: REMAINING_MS } },
  {
    name: "amqp-message-id is message_id",
    sent: stomp({ "amqp-message-id": "m-1" }),
    with: { messageId: "m-1" },
  },
  {
    name: "timestamp in seconds",
    sent: stomp({ timestamp: String(TIMESTAMP) }),
    with: { timestamp: TIMESTAMP },
  },
  {
    name: "timestamp in milliseconds, known by its magnitude, is seconds",
    sent: stomp({ timestamp: String(TIMESTAMP * 1_000) }),
    with: { timestamp: TIMESTAMP },
  },
  { name: "type", sent: stomp({ type: "order.placed" }), with: { type: "order.placed" } },
  { name: "app-id", sent: stomp({ "app-id": "shop" }), with: { appId: "shop" } },
  { name: "user-id", sent: stomp({ "user-id": "guest" }), with: { userId: "guest" } },
  {
    name: "reply-to:/queue/… is the queue's name",
    sent: stomp({ "reply-to": "/queue/answers" }),
    with: { replyTo: "answers" },
  },
  {
    name: "reply-to:/topic/… is the reserved name for the topic",
    sent: stomp({ "reply-to": "/topic/answers/for.me" }),
    with: { replyTo: "amq.gw.t.answers.for/me" },
  },
];

/** mapping.md §4.2, both directions; §4.1 has what MQTT 5 sends. */
export const AMQP_CELLS: readonly Cell[] = [
  ...rows("4.2", "mqtt5", toMqtt5),
  ...rows("4.2", "stomp1.2", toStomp),
  ...rows("4.2", "amqp", toAmqp),
  ...rows("4.2", "amqp", fromStomp),
  ...rows("4.2", "mqtt3.1.1", [
    {
      name: "only topic, body, QoS and RETAIN exist",
      sent: amqp({ contentType: "c", headers: { a: "b" }, correlationId: "x", expiration: "100000" }),
      with: { qos: 2, retain: false },
      without: [["contentType"], ["userProperties"], ["correlationData"], ["messageExpiryInterval"]],
    },
  ]),
  ...rows("4.2", "amqp", [
    {
      name: "User Properties named CC and BCC are headers",
      sent: mqtt5({ userProperties: { CC: "cell.elsewhere", BCC: "cell.nowhere" } }),
      with: { headers: { CC: "cell.elsewhere", BCC: "cell.nowhere" } },
    },
  ]),
];
