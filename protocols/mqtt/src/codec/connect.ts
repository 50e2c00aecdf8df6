import { BrokerError, type ByteReader, ByteWriter } from "@dragoman/core";
import { finishPacket, maxFixedHeaderBytes } from "./fixed-header.ts";
import { readProperties, writeProperties } from "./properties.ts";
import type { Properties } from "./property.ts";
import { type ProtocolLevel, protocolName, type ProtocolVersion } from "./protocol-version.ts";
import { type Qos, toQos } from "./qos.ts";
import { readBinary, readName, readText, writeBinary, writeText } from "./text.ts";
import { checkTopicName } from "./topic-name.ts";

/** MQTT 5.0 §3.1, MQTT 3.1.1 §3.1. */
export interface Connect {
  readonly type: "connect";
  readonly version: ProtocolVersion;
  /** "Clean session" before MQTT 5.0. */
  readonly cleanStart: boolean;
  /** Seconds, 0 to 65 535; 0 is never. */
  readonly keepAlive: number;
  readonly properties: Properties;
  readonly clientId: string;
  readonly will: Will | undefined;
  readonly userName: string | undefined;
  /** A view into the packet when it was decoded. */
  readonly password: Uint8Array | undefined;
}

/** The message that is published when the connection ends without a DISCONNECT. */
export interface Will {
  readonly topic: string;
  readonly qos: Qos;
  readonly retain: boolean;
  readonly properties: Properties;
  /** A view into the packet when it was decoded. */
  readonly payload: Uint8Array;
}

const flag = { reserved: 1, cleanStart: 2, will: 4, willRetain: 32, password: 64, userName: 128 } as const;
const willBits = 0b0011_1000;

/** Reads no more than what tells whether the rest can be understood. */
export function readProtocolLevel(reader: ByteReader): ProtocolLevel {
  return { name: readText(reader), level: reader.uint8() };
}

/**
 * Decodes what follows protocol name and level.
 *
 * @throws BrokerError when it does not match §3.1 [MQTT-3.1.4-1]
 */
export function decodeConnect(reader: ByteReader, version: ProtocolVersion): Connect {
  const flags = reader.uint8();
  checkConnectFlags(flags, version);
  const keepAlive = reader.uint16();
  const properties = version === 5 ? readProperties(reader, "connect") : {};
  if (properties.authenticationData !== undefined && properties.authenticationMethod === undefined) {
    throw new BrokerError("protocol-violation", "authentication data without a method, §3.1.2.11.10");
  }
  // The payload's order is fixed [MQTT-3.1.3-1]; the client identifier always comes first [MQTT-3.1.3-3], [MQTT-3.1.3-4].
  const clientId = readName(reader);
  // [MQTT-3.1.2-9], [MQTT-3.1.3-11], MQTT 3.1.1 [MQTT-3.1.2-9], [MQTT-3.1.3-10]
  const will = (flags & flag.will) === 0 ? undefined : readWill(reader, flags, version);
  // [MQTT-3.1.2-17], [MQTT-3.1.3-12], MQTT 3.1.1 [MQTT-3.1.2-19], [MQTT-3.1.3-11]
  const userName = has(flag.userName) ? readName(reader) : undefined;
  // [MQTT-3.1.2-19], MQTT 3.1.1 [MQTT-3.1.2-20], [MQTT-3.1.2-21]
  const password = has(flag.password) ? readBinary(reader) : undefined;
  // MQTT 3.1.1 [MQTT-3.1.2-18]
  if (reader.left > 0) {
    throw new BrokerError(
      "malformed",
      `${reader.left} bytes behind the last field [MQTT-3.1.2-16] [MQTT-3.1.2-18]`,
    );
  }
  return {
    type: "connect",
    version,
    cleanStart: (flags & flag.cleanStart) !== 0,
    keepAlive,
    properties,
    clientId,
    will,
    userName,
    password,
  };

  /** MQTT 3.1 lets the remaining length take precedence over the flag, its §3.1. */
  function has(bit: number): boolean {
    return (flags & bit) !== 0 && (version !== 3 || reader.left > 0);
  }
}

function checkConnectFlags(flags: number, version: ProtocolVersion): void {
  if ((flags & flag.reserved) !== 0 && version !== 3) {
    throw new BrokerError("malformed", "reserved connect flag is set [MQTT-3.1.2-3]");
  }
  // MQTT 3.1.1 [MQTT-3.1.2-11], [MQTT-3.1.2-13], [MQTT-3.1.2-15]
  if ((flags & flag.will) === 0 && (flags & willBits) !== 0) {
    throw new BrokerError("malformed", "will QoS or retain without a will [MQTT-3.1.2-11] [MQTT-3.1.2-13]");
  }
  if (version === 4 && (flags & flag.password) !== 0 && (flags & flag.userName) === 0) {
    throw new BrokerError("malformed", "password without a user name, MQTT 3.1.1 [MQTT-3.1.2-22]");
  }
}

function readWill(reader: ByteReader, flags: number, version: ProtocolVersion): Will {
  const properties = version === 5 ? readProperties(reader, "will") : {};
  const topic = readText(reader);
  checkTopicName(topic);
  return {
    topic,
    qos: toQos((flags >> 3) & 3),
    retain: (flags & flag.willRetain) !== 0,
    properties,
    payload: readBinary(reader),
  };
}

export function encodeConnect(packet: Connect): Buffer {
  const { version, will, userName, password } = packet;
  const writer = new ByteWriter(128);
  writer.reserve(maxFixedHeaderBytes);
  writeText(writer, protocolName(version));
  writer.uint8(version).uint8(connectFlags(packet)).uint16(packet.keepAlive);
  if (version === 5) writeProperties(writer, packet.properties);
  writeText(writer, packet.clientId);
  if (will !== undefined) {
    if (version === 5) writeProperties(writer, will.properties);
    writeText(writer, will.topic);
    writeBinary(writer, will.payload);
  }
  if (userName !== undefined) writeText(writer, userName);
  if (password !== undefined) writeBinary(writer, password);
  return finishPacket("connect", writer);
}

function connectFlags({ cleanStart, will, userName, password }: Connect): number {
  let flags = cleanStart ? flag.cleanStart : 0;
  if (will !== undefined) flags |= flag.will | (will.qos << 3) | (will.retain ? flag.willRetain : 0);
  if (userName !== undefined) flags |= flag.userName;
  if (password !== undefined) flags |= flag.password;
  return flags;
}
