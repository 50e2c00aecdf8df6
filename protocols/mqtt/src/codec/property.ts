import { BrokerError, type ByteReader, type ByteWriter } from "@dragoman/core";
import { checkTopicName } from "./topic-name.ts";
import { readBinary, readText, skipText, writeBinary, writeText } from "./text.ts";
import { readVariableByteInteger, writeVariableByteInteger } from "./variable-byte-integer.ts";

/** Name and value, in the sender's order; a name may come again [MQTT-3.3.2-18]. */
export type UserProperty = readonly [name: string, value: string];

/** All properties of MQTT 5.0 §2.2.2.2, absent where the packet did not carry them. */
export interface Properties {
  readonly payloadFormatIndicator?: number;
  /** Seconds. */
  readonly messageExpiryInterval?: number;
  readonly contentType?: string;
  readonly responseTopic?: string;
  /** A view into the packet when it was decoded. */
  readonly correlationData?: Uint8Array;
  /** One in SUBSCRIBE; in a PUBLISH to a client, one per matching subscription that has one. */
  readonly subscriptionIdentifiers?: readonly number[];
  /** Seconds; 0xFFFFFFFF never expires. */
  readonly sessionExpiryInterval?: number;
  readonly assignedClientIdentifier?: string;
  /** Seconds. */
  readonly serverKeepAlive?: number;
  readonly authenticationMethod?: string;
  /** A view into the packet when it was decoded. */
  readonly authenticationData?: Uint8Array;
  readonly requestProblemInformation?: number;
  /** Seconds. */
  readonly willDelayInterval?: number;
  readonly requestResponseInformation?: number;
  readonly responseInformation?: string;
  readonly serverReference?: string;
  readonly reasonString?: string;
  readonly receiveMaximum?: number;
  readonly topicAliasMaximum?: number;
  readonly topicAlias?: number;
  readonly maximumQos?: number;
  readonly retainAvailable?: number;
  readonly userProperties?: readonly UserProperty[];
  /** Bytes. */
  readonly maximumPacketSize?: number;
  readonly wildcardSubscriptionAvailable?: number;
  readonly subscriptionIdentifierAvailable?: number;
  readonly sharedSubscriptionAvailable?: number;
}

export type MutableProperties = { -readonly [K in keyof Properties]: Properties[K] };

type NamesOf<T> = {
  [K in keyof Properties]-?: NonNullable<Properties[K]> extends T ? K : never;
}[keyof Properties];

/** The packets that carry properties; a will's are told apart from those of the CONNECT that carries it. */
export type PropertyPlace =
  | "connect"
  | "will"
  | "connack"
  | "publish"
  | "puback"
  | "pubrec"
  | "pubrel"
  | "pubcomp"
  | "subscribe"
  | "suback"
  | "unsubscribe"
  | "unsuback"
  | "disconnect"
  | "auth";

/** One line of the specification's table 2-4, with what it takes to read, pass over and write it. */
export interface Property {
  readonly id: number;
  readonly name: keyof Properties;
  readonly places: readonly PropertyPlace[];
  /** Where it may come more than once. */
  readonly repeatableIn: readonly PropertyPlace[];
  readonly read: (reader: ByteReader, into: MutableProperties) => void;
  /** The checks of `read`, without its values. */
  readonly skip: (reader: ByteReader) => void;
  /** Writes identifier and value when the property is present. */
  readonly write: (writer: ByteWriter, from: Properties) => void;
}

interface NumberField {
  readonly read: (reader: ByteReader) => number;
  readonly write: (writer: ByteWriter, value: number) => void;
}

const fields = {
  byte: { read: (reader) => reader.uint8(), write: (writer, value) => void writer.uint8(value) },
  twoByte: { read: (reader) => reader.uint16(), write: (writer, value) => void writer.uint16(value) },
  fourByte: { read: (reader) => reader.uint32(), write: (writer, value) => void writer.uint32(value) },
} as const satisfies Record<string, NumberField>;

const anyNumber = (): boolean => true;
const flag = (value: number): boolean => value <= 1;
const positive = (value: number): boolean => value > 0;

function integer(
  id: number,
  name: NamesOf<number>,
  type: keyof typeof fields,
  places: readonly PropertyPlace[],
  allows: (value: number) => boolean = anyNumber,
): Property {
  const field = fields[type];
  const readChecked = (reader: ByteReader): number => {
    const value = field.read(reader);
    if (!allows(value)) throw new BrokerError("protocol-violation", `${name} is ${value}, §2.2.2.2`);
    return value;
  };
  return {
    id,
    name,
    places,
    repeatableIn: [],
    read: (reader, into) => {
      into[name] = readChecked(reader);
    },
    skip: readChecked,
    write: (writer, from) => {
      const value = from[name];
      if (value !== undefined) field.write(writer.uint8(id), value);
    },
  };
}

function utf8(id: number, name: NamesOf<string>, places: readonly PropertyPlace[]): Property {
  return {
    id,
    name,
    places,
    repeatableIn: [],
    read: (reader, into) => {
      into[name] = readText(reader);
    },
    skip: skipText,
    write: (writer, from) => {
      const value = from[name];
      if (value !== undefined) writeText(writer.uint8(id), value);
    },
  };
}

/**
 * UTF-8 [MQTT-3.3.2-13] without wildcards [MQTT-3.3.2-14]. For these the specification names no reason, unlike those in
 * the topic of the message itself; Mosquitto calls them a protocol error.
 */
function readTopic(reader: ByteReader): string {
  const value = readText(reader);
  if (/[#+]/.test(value)) {
    throw new BrokerError("protocol-violation", "response topic holds a wildcard [MQTT-3.3.2-14]");
  }
  checkTopicName(value);
  return value;
}

function topic(id: number, name: NamesOf<string>, places: readonly PropertyPlace[]): Property {
  return {
    ...utf8(id, name, places),
    read: (reader, into) => {
      into[name] = readTopic(reader);
    },
    skip: readTopic,
  };
}

function binary(id: number, name: NamesOf<Uint8Array>, places: readonly PropertyPlace[]): Property {
  return {
    id,
    name,
    places,
    repeatableIn: [],
    read: (reader, into) => {
      into[name] = readBinary(reader);
    },
    skip: readBinary,
    write: (writer, from) => {
      const value = from[name];
      if (value !== undefined) writeBinary(writer.uint8(id), value);
    },
  };
}

function readSubscriptionIdentifier(reader: ByteReader): number {
  const value = readVariableByteInteger(reader);
  if (value === 0) throw new BrokerError("protocol-violation", "subscription identifier 0, §3.8.2.1.2");
  return value;
}

const subscriptionIdentifier: Property = {
  id: 0x0b,
  name: "subscriptionIdentifiers",
  places: ["publish", "subscribe"],
  repeatableIn: ["publish"],
  read: (reader, into) => {
    into.subscriptionIdentifiers = [
      ...(into.subscriptionIdentifiers ?? []),
      readSubscriptionIdentifier(reader),
    ];
  },
  skip: readSubscriptionIdentifier,
  write: (writer, from) => {
    for (const value of from.subscriptionIdentifiers ?? []) {
      writeVariableByteInteger(writer.uint8(0x0b), value);
    }
  },
};

const answers = ["connack", "puback", "pubrec", "pubrel", "pubcomp", "suback", "unsuback"] as const;
const messages = ["publish", "will"] as const;
const everywhere: readonly PropertyPlace[] = [
  "connect",
  ...messages,
  ...answers,
  "subscribe",
  "unsubscribe",
  "disconnect",
  "auth",
];

/** Both strings are UTF-8 Encoded Strings [MQTT-1.5.7-1]. */
const userProperty: Property = {
  id: 0x26,
  name: "userProperties",
  places: everywhere,
  repeatableIn: everywhere,
  read: (reader, into) => {
    const pairs: UserProperty[] = [...(into.userProperties ?? [])];
    pairs.push([readText(reader), readText(reader)]);
    into.userProperties = pairs;
  },
  skip: (reader) => {
    skipText(reader);
    skipText(reader);
  },
  write: (writer, from) => {
    for (const [name, value] of from.userProperties ?? []) {
      writeText(writer.uint8(0x26), name);
      writeText(writer, value);
    }
  },
};

/** MQTT 5.0 table 2-4, in its order. */
export const properties: readonly Property[] = [
  integer(0x01, "payloadFormatIndicator", "byte", messages, flag),
  integer(0x02, "messageExpiryInterval", "fourByte", messages),
  utf8(0x03, "contentType", messages),
  topic(0x08, "responseTopic", messages),
  binary(0x09, "correlationData", messages),
  subscriptionIdentifier,
  integer(0x11, "sessionExpiryInterval", "fourByte", ["connect", "connack", "disconnect"]),
  utf8(0x12, "assignedClientIdentifier", ["connack"]),
  integer(0x13, "serverKeepAlive", "twoByte", ["connack"]),
  utf8(0x15, "authenticationMethod", ["connect", "connack", "auth"]),
  binary(0x16, "authenticationData", ["connect", "connack", "auth"]),
  integer(0x17, "requestProblemInformation", "byte", ["connect"], flag),
  integer(0x18, "willDelayInterval", "fourByte", ["will"]),
  integer(0x19, "requestResponseInformation", "byte", ["connect"], flag),
  utf8(0x1a, "responseInformation", ["connack"]),
  utf8(0x1c, "serverReference", ["connack", "disconnect"]),
  utf8(0x1f, "reasonString", [...answers, "disconnect", "auth"]),
  integer(0x21, "receiveMaximum", "twoByte", ["connect", "connack"], positive),
  integer(0x22, "topicAliasMaximum", "twoByte", ["connect", "connack"]),
  integer(0x23, "topicAlias", "twoByte", ["publish"]),
  integer(0x24, "maximumQos", "byte", ["connack"], flag),
  integer(0x25, "retainAvailable", "byte", ["connack"], flag),
  userProperty,
  integer(0x27, "maximumPacketSize", "fourByte", ["connect", "connack"], positive),
  integer(0x28, "wildcardSubscriptionAvailable", "byte", ["connack"], flag),
  integer(0x29, "subscriptionIdentifierAvailable", "byte", ["connack"], flag),
  integer(0x2a, "sharedSubscriptionAvailable", "byte", ["connack"], flag),
];
