import type { ErrorCode } from "@dragoman/core";
import type { Packet } from "./packet.ts";
import { encodeProperties } from "./properties.ts";
import type { ProtocolVersion } from "./protocol-version.ts";

export interface AcceptedVector {
  readonly name: string;
  readonly version: ProtocolVersion;
  /** Lower-case hex; spaces separate fields. */
  readonly wire: string;
  readonly want: Packet;
}

/** What is wrong, in which version, the bytes in hex, and what they are refused as. */
export type RefusedVector = readonly [name: string, version: ProtocolVersion, wire: string, code: ErrorCode];

const noBytes = Buffer.alloc(0);
const utf8 = (text: string): Buffer => Buffer.from(text);

export const acceptedVectors: readonly AcceptedVector[] = [
  {
    name: "CONNECT 3.1.1 with the variable header of its figure 3.6, its fields in order, MQTT 3.1.1 [MQTT-3.1.3-1]",
    version: 4,
    wire: "10 30 0004 4d515454 04 ce 000a 0001 61 0003 772f74 0003 627965 0002 6d65 0013 70617373776f726470617373776f72642d2d2d",
    want: {
      type: "connect",
      version: 4,
      cleanStart: true,
      keepAlive: 10,
      properties: {},
      clientId: "a",
      will: { topic: "w/t", qos: 1, retain: false, properties: {}, payload: utf8("bye") },
      userName: "me",
      password: utf8("passwordpassword---"),
    },
  },
  {
    name: "CONNECT 3.1 by its own name",
    version: 3,
    wire: "10 0f 0006 4d5149736470 03 02 003c 0001 61",
    want: {
      type: "connect",
      version: 3,
      cleanStart: true,
      keepAlive: 60,
      properties: {},
      clientId: "a",
      will: undefined,
      userName: undefined,
      password: undefined,
    },
  },
  {
    name: "CONNECT 5.0 with the session expiry of its figure 3-6",
    version: 5,
    wire: "10 13 0004 4d515454 05 02 000a 05 11 0000000a 0001 61",
    want: {
      type: "connect",
      version: 5,
      cleanStart: true,
      keepAlive: 10,
      properties: { sessionExpiryInterval: 10 },
      clientId: "a",
      will: undefined,
      userName: undefined,
      password: undefined,
    },
  },
  {
    name: "CONNECT 5.0 with a password and no user name, §3.1.2.9 [MQTT-3.1.3-1]",
    version: 5,
    wire: "10 10 0004 4d515454 05 42 0000 00 0000 0001 7a",
    want: {
      type: "connect",
      version: 5,
      cleanStart: true,
      keepAlive: 0,
      properties: {},
      clientId: "",
      will: undefined,
      userName: undefined,
      password: utf8("z"),
    },
  },
  {
    name: "CONNACK 3.1.1, session present",
    version: 4,
    wire: "20 02 01 00",
    want: { type: "connack", sessionPresent: true, reason: 0x00, properties: {} },
  },
  {
    name: "CONNACK 3.1.1, not authorized",
    version: 4,
    wire: "20 02 00 05",
    want: { type: "connack", sessionPresent: false, reason: 0x87, properties: {} },
  },
  {
    name: "CONNACK 5.0 with receive maximum and maximum QoS",
    version: 5,
    wire: "20 08 00 00 05 21 0014 24 01",
    want: {
      type: "connack",
      sessionPresent: false,
      reason: 0x00,
      properties: { receiveMaximum: 20, maximumQos: 1 },
    },
  },
  {
    name: "PUBLISH 3.1.1 with the variable header of its figure 3.11",
    version: 4,
    wire: "33 07 0003 612f62 000a",
    want: {
      type: "publish",
      dup: false,
      qos: 1,
      retain: true,
      topic: "a/b",
      packetId: 10,
      properties: noBytes,
      payload: noBytes,
    },
  },
  {
    name: "PUBLISH 5.0 with repeated user properties in order [MQTT-3.3.2-18]",
    version: 5,
    wire: "30 1b 0003 612f62 10 26 0001 61 0001 62 01 01 26 0001 61 0001 63 626f64 79 2e",
    want: {
      type: "publish",
      dup: false,
      qos: 0,
      retain: false,
      topic: "a/b",
      packetId: 0,
      properties: Buffer.from("26000161000162010126000161000163", "hex"),
      payload: utf8("body."),
    },
  },
  {
    name: "PUBLISH 5.0 with an alias instead of a topic",
    version: 5,
    wire: "30 07 0000 03 23 0001 68",
    want: {
      type: "publish",
      dup: false,
      qos: 0,
      retain: false,
      topic: "",
      packetId: 0,
      properties: encodeProperties({ topicAlias: 1 }),
      payload: utf8("h"),
    },
  },
  {
    name: "PUBLISH with U+FEFF in its topic, which stays [MQTT-1.5.4-3], MQTT 3.1.1 [MQTT-1.5.3-3]",
    version: 4,
    wire: "30 06 0004 efbbbf61",
    want: {
      type: "publish",
      dup: false,
      qos: 0,
      retain: false,
      topic: "\uFEFFa",
      packetId: 0,
      properties: noBytes,
      payload: noBytes,
    },
  },
  {
    name: "PUBACK",
    version: 4,
    wire: "40 02 000a",
    want: { type: "puback", packetId: 10, reason: 0x00, properties: {} },
  },
  {
    name: "PUBREC 5.0 with a reason",
    version: 5,
    wire: "50 03 000a 10",
    want: { type: "pubrec", packetId: 10, reason: 0x10, properties: {} },
  },
  {
    name: "PUBREL",
    version: 4,
    wire: "62 02 ffff",
    want: { type: "pubrel", packetId: 65_535, reason: 0x00, properties: {} },
  },
  {
    name: "PUBCOMP 5.0 with a reason string",
    version: 5,
    wire: "70 09 0001 92 05 1f 0002 6e6f",
    want: { type: "pubcomp", packetId: 1, reason: 0x92, properties: { reasonString: "no" } },
  },
  {
    name: "SUBSCRIBE 3.1.1 with the payload of its figure 3.23",
    version: 4,
    wire: "82 0e 000a 0003 612f62 01 0003 632f64 02",
    want: {
      type: "subscribe",
      packetId: 10,
      properties: {},
      subscriptions: [
        { filter: "a/b", qos: 1, noLocal: false, retainAsPublished: false, retainHandling: "always" },
        { filter: "c/d", qos: 2, noLocal: false, retainAsPublished: false, retainHandling: "always" },
      ],
    },
  },
  {
    name: "SUBSCRIBE 5.0 with every option and a subscription identifier of four bytes",
    version: 5,
    wire: "82 0e 000a 05 0b ffffff7f 0003 612f23 2e",
    want: {
      type: "subscribe",
      packetId: 10,
      properties: { subscriptionIdentifiers: [268_435_455] },
      subscriptions: [
        { filter: "a/#", qos: 2, noLocal: true, retainAsPublished: true, retainHandling: "never" },
      ],
    },
  },
  {
    name: "SUBACK 3.1.1 with the payload of its figure 3.26",
    version: 4,
    wire: "90 05 000a 00 02 80",
    want: { type: "suback", packetId: 10, properties: {}, reasons: [0x00, 0x02, 0x80] },
  },
  {
    name: "UNSUBSCRIBE 3.1.1 with the payload of its figure 3.30",
    version: 4,
    wire: "a2 0c 000a 0003 612f62 0003 632f64",
    want: { type: "unsubscribe", packetId: 10, properties: {}, filters: ["a/b", "c/d"] },
  },
  {
    name: "UNSUBACK 3.1.1",
    version: 4,
    wire: "b0 02 000a",
    want: { type: "unsuback", packetId: 10, properties: {}, reasons: [] },
  },
  {
    name: "UNSUBACK 5.0",
    version: 5,
    wire: "b0 05 000a 00 00 11",
    want: { type: "unsuback", packetId: 10, properties: {}, reasons: [0x00, 0x11] },
  },
  { name: "PINGREQ", version: 4, wire: "c0 00", want: { type: "pingreq" } },
  { name: "PINGRESP", version: 4, wire: "d0 00", want: { type: "pingresp" } },
  {
    name: "DISCONNECT 3.1.1",
    version: 4,
    wire: "e0 00",
    want: { type: "disconnect", reason: 0x00, properties: {} },
  },
  {
    name: "DISCONNECT 5.0 with will and session expiry",
    version: 5,
    wire: "e0 07 04 05 11 00000005",
    want: { type: "disconnect", reason: 0x04, properties: { sessionExpiryInterval: 5 } },
  },
  {
    name: "AUTH 5.0",
    version: 5,
    wire: "f0 0a 18 08 15 0001 6d 16 0001 64",
    want: {
      type: "auth",
      reason: 0x18,
      properties: { authenticationMethod: "m", authenticationData: utf8("d") },
    },
  },
];
