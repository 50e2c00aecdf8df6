import { expect } from "vitest";
import { amqp, type Cell, mqtt5, type Row, rows, stomp } from "./cell.ts";

const REMAINING_MS: unknown = expect.stringMatching(/^(100000|9\d{4})$/);
/** Of 1,000 seconds, counted from when this table was read. */
const REMAINING_LONG_MS: unknown = expect.stringMatching(/^(1000000|9\d{5})$/);

/** Headers that steer STOMP and are never a message's own. */
const CONTROL = ["destination", "receipt", "content-length", "subscription", "ack", "id", "selector"];

const sentControl = stomp({ subscription: "s", ack: "a", id: "i", selector: "x = 1", colour: "blue" });

const toAmqp: readonly Row[] = [
  {
    name: "control headers are not forwarded",
    sent: sentControl,
    with: { headers: { colour: "blue" } },
    without: CONTROL.map((name) => ["headers", name]),
  },
  { name: "no content-type is none", sent: stomp({}), with: {}, without: [["contentType"]] },
  ...["true", "1", "yes", "on"].map((word) => ({
    name: `persistent:${word} is delivery_mode 2`,
    sent: stomp({ persistent: word }),
    with: { deliveryMode: 2 },
    without: [["headers", "persistent"]],
  })),
  { name: "no persistent is not delivery_mode 2", sent: stomp({}), with: { durable: false } },
  {
    name: "expires, in milliseconds since 1970, is expiration",
    sent: stomp({ expires: String(Date.now() + 1_000_000) }),
    with: { expiration: REMAINING_LONG_MS },
    without: [["headers", "expires"]],
  },
  {
    name: "expires:0 is never",
    sent: stomp({ expires: "0" }),
    with: {},
    without: [["expiration"], ["headers", "expires"]],
  },
  {
    name: "retain:true is x-retain",
    sent: stomp({ retain: "true" }),
    with: { headers: { "x-retain": true } },
    without: [["headers", "retain"]],
  },
  {
    name: "any other header is a header, a string",
    sent: stomp({ colour: "blue", größe: "1" }),
    with: { headers: { colour: "blue", größe: "1" } },
  },
  {
    name: "1.2 escapes in values",
    sent: stomp({ colour: "a:b\nc\\d\re" }),
    with: { headers: { colour: "a:b\nc\\d\re" } },
  },
  {
    name: "1.0 has no escapes in values",
    sent: { by: "stomp1.0", fields: { colour: "a:b\\nc" } },
    with: { headers: { colour: "a:b\\nc" } },
  },
  { name: "a body with NUL", sent: stomp({}, Buffer.from("a\0b\0")), with: { body: "a\0b\0" } },
  {
    name: "a body that is not UTF-8",
    sent: stomp({}, Buffer.from([0xff, 0xfe])),
    with: { body: "hex:fffe" },
  },
  { name: "an empty body", sent: stomp({}, ""), with: { body: "" } },
];

const toMqtt5: readonly Row[] = [
  {
    name: "control headers are not forwarded",
    sent: sentControl,
    with: { userProperties: { colour: "blue" } },
    without: CONTROL.map((name) => ["userProperties", name]),
  },
  { name: "no content-type is no Content Type", sent: stomp({}), with: {}, without: [["contentType"]] },
  {
    name: "content-type is Content Type",
    sent: stomp({ "content-type": "application/json" }),
    with: { contentType: "application/json" },
  },
  {
    name: "content-encoding, priority, type, timestamp, app-id, user-id, amqp-message-id are User Properties",
    sent: stomp({
      "content-encoding": "gzip",
      priority: "7",
      type: "t",
      timestamp: "1700000000",
      "app-id": "shop",
      "user-id": "guest",
      "amqp-message-id": "m-1",
    }),
    with: {
      userProperties: {
        "content-encoding": "gzip",
        priority: "7",
        type: "t",
        timestamp: "1700000000",
        "app-id": "shop",
        "user-id": "guest",
        "amqp-message-id": "m-1",
      },
    },
  },
  {
    name: "a message comes at the subscription's QoS",
    sent: stomp({ persistent: "true" }),
    with: { qos: 2 },
    without: [["userProperties", "persistent"]],
  },
  {
    name: "expiration is Message Expiry Interval",
    sent: stomp({ expiration: "100000" }),
    with: { messageExpiryInterval: 100 },
    without: [["userProperties", "expiration"]],
  },
  {
    name: "expires is Message Expiry Interval",
    sent: stomp({ expires: String(Date.now() + 1_000_000) }),
    with: { messageExpiryInterval: expect.toSatisfy((s: number) => s > 900 && s <= 1_000) },
    without: [["userProperties", "expires"]],
  },
  {
    name: "retain:true is RETAIN",
    sent: stomp({ retain: "true" }),
    with: { retain: true },
    without: [["userProperties", "retain"]],
    subscribing: { rap: true },
  },
  {
    name: "any other header is a User Property",
    sent: stomp({ colour: "a:b\nc", größe: "ü" }),
    with: { userProperties: { colour: "a:b\nc", größe: "ü" } },
  },
  { name: "a body with NUL", sent: stomp({}, Buffer.from("a\0b\0")), with: { body: "a\0b\0" } },
];

/** Among STOMP clients, of all versions. */
const toStomp: readonly Row[] = [
  {
    name: "all properties are as they were",
    sent: stomp({
      "content-type": "application/json",
      "content-encoding": "gzip",
      "correlation-id": "order 1",
      priority: "7",
      persistent: "true",
      type: "t",
      timestamp: "1700000000",
      "app-id": "shop",
      "user-id": "guest",
      "amqp-message-id": "m-1",
      colour: "a:b\nc\\d\re",
    }),
    with: {
      "content-type": "application/json",
      "content-encoding": "gzip",
      "correlation-id": "order 1",
      priority: "7",
      persistent: "true",
      type: "t",
      timestamp: "1700000000",
      "app-id": "shop",
      "user-id": "guest",
      "amqp-message-id": "m-1",
      colour: "a:b\nc\\d\re",
    },
  },
  {
    name: "reply-to:/topic/…",
    sent: stomp({ "reply-to": "/topic/a.b/c" }),
    with: { "reply-to": "/topic/a.b/c" },
  },
  {
    name: "a timestamp in milliseconds",
    sent: stomp({ timestamp: "1700000000123" }),
    with: { timestamp: "1700000000123" },
  },
  {
    name: "expiration is what remains",
    sent: stomp({ expiration: "100000" }),
    with: { expiration: REMAINING_MS },
  },
  {
    name: "expires is as it was",
    sent: stomp({ expires: "4000000000000" }),
    with: { expires: "4000000000000" },
  },
  { name: "retain:true", sent: stomp({ retain: "true" }), with: { retain: "true" }, without: [["retained"]] },
  {
    name: "control headers are not forwarded",
    sent: sentControl,
    with: { colour: "blue", subscription: "sub-1" },
    without: [["receipt"], ["ack"], ["id"], ["selector"]],
  },
  {
    name: "content-length is always there",
    sent: stomp({}, "größe"),
    with: { "content-length": "7", body: "größe" },
  },
  {
    name: "a body with NUL",
    sent: stomp({}, Buffer.from("a\0b\0")),
    with: { "content-length": "4", body: "a\0b\0" },
  },
];

const hostile: readonly Row[] = [
  "subscription",
  "destination",
  "content-length",
  "message-id",
  "ack",
].flatMap((name) => [
  {
    name: `a header named ${name} gets the prefix x-hdr-`,
    sent: amqp({ headers: { [name]: "x" } }),
    with: { [`x-hdr-${name}`]: "x" },
  },
  {
    name: `a User Property named ${name} gets the prefix x-hdr-`,
    sent: mqtt5({ userProperties: { [name]: "x" } }),
    with: { [`x-hdr-${name}`]: "x" },
  },
]);

const all12 = stomp({ colour: "a:b\\c", "content-type": "text/plain" });

/** mapping.md §4.3. */
export const STOMP_CELLS: readonly Cell[] = [
  ...rows("4.3", "amqp", toAmqp),
  ...rows("4.3", "mqtt5", toMqtt5),
  ...rows("4.3", "stomp1.2", toStomp),
  ...rows("4.3", "stomp1.2", hostile),
  ...rows("4.3", "stomp1.1", [
    {
      name: "expires goes out as expiration to another version",
      sent: stomp({ expires: String(Date.now() + 1_000_000) }),
      with: { expiration: REMAINING_LONG_MS },
      without: [["expires"]],
    },
  ]),
  ...rows("4.3", "stomp1.0", [{ name: "no escapes towards 1.0", sent: all12, with: { colour: "a:b\\c" } }]),
  ...rows("4.3", "mqtt3.1.1", [
    {
      name: "only topic, body, QoS and RETAIN exist",
      sent: stomp({ colour: "blue", "content-type": "text/plain" }),
      with: { qos: 2 },
      without: [["userProperties"], ["contentType"]],
    },
  ]),
];
