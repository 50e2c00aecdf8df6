import { BrokerError, ByteReader } from "@dragoman/core";
import { type Acknowledgement, decodeAcknowledgement, encodeAcknowledgement } from "./acknowledgement.ts";
import { type Auth, decodeAuth, encodeAuth } from "./auth.ts";
import { type Connack, decodeConnack, encodeConnack } from "./connack.ts";
import { type Connect, decodeConnect, encodeConnect, readProtocolLevel } from "./connect.ts";
import { decodeDisconnect, type Disconnect, encodeDisconnect } from "./disconnect.ts";
import { checkFlags } from "./fixed-header.ts";
import type { PacketName } from "./packet-type.ts";
import { type Pingreq, pingreq, pingreqBytes, type Pingresp, pingresp, pingrespBytes } from "./ping.ts";
import { protocolVersion, type ProtocolVersion } from "./protocol-version.ts";
import { decodePublish, encodePublish, type Publish } from "./publish.ts";
import { decodeSuback, encodeSuback, type Suback } from "./suback.ts";
import { decodeSubscribe, encodeSubscribe, type Subscribe } from "./subscribe.ts";
import { decodeUnsuback, encodeUnsuback, type Unsuback } from "./unsuback.ts";
import { decodeUnsubscribe, encodeUnsubscribe, type Unsubscribe } from "./unsubscribe.ts";
import { variableByteIntegerSize } from "./variable-byte-integer.ts";

export type Packet =
  | Connect
  | Connack
  | Publish
  | Acknowledgement
  | Subscribe
  | Suback
  | Unsubscribe
  | Unsuback
  | Pingreq
  | Pingresp
  | Disconnect
  | Auth;

/** What a client may send. §2.1.2 */
export type ClientPacket = Exclude<Packet, Connack | Suback | Unsuback | Pingresp>;

/** Where a packet lies: what `PacketSplitter` says of itself. */
export interface PacketPlace {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly bodyStart: number;
  readonly end: number;
}

const names: readonly (PacketName | undefined)[] = [
  undefined,
  "connect",
  "connack",
  "publish",
  "puback",
  "pubrec",
  "pubrel",
  "pubcomp",
  "subscribe",
  "suback",
  "unsubscribe",
  "unsuback",
  "pingreq",
  "pingresp",
  "disconnect",
  "auth",
];

/** The kind of packet that a first byte announces; undefined for the reserved type 0. */
export function packetName(header: number): PacketName | undefined {
  return names[header >> 4];
}

/**
 * Translates one whole packet. A CONNECT brings its own version; all others are read as `version`.
 *
 * @throws BrokerError "malformed" or "protocol-violation" as MQTT 5.0 §4.13 tells them apart; "unsupported" for a
 *   CONNECT of a version we do not speak
 */
export function decodePacket(place: PacketPlace, version: ProtocolVersion): Packet {
  const header = place.bytes[place.start] ?? 0;
  const name = packetName(header);
  // The specification has no name for this fault; Mosquitto's is the one that its clients know.
  if (name === undefined) throw new BrokerError("protocol-violation", "packet type 0 is forbidden, §2.1.2");
  const reader = new ByteReader(place.bytes, place.bodyStart, place.end);
  if (name === "publish") {
    checkLengthBytes(place, version);
    return decodePublish(reader, header, version);
  }
  checkFlags(name, header, version);
  if (name === "connect") return decodeFirst(place, reader);
  checkLengthBytes(place, version);
  const packet = decoders[name](reader, version);
  if (reader.left > 0) throw new BrokerError("malformed", `${reader.left} bytes behind the end of a ${name}`);
  return packet;
}

/**
 * As `decodePacket` for what comes from a client: a server's packet is refused whatever is behind its first byte.
 *
 * @throws BrokerError "protocol-violation" for a packet that only a server sends
 */
export function decodeFromClient(place: PacketPlace, version: ProtocolVersion): ClientPacket {
  const header = place.bytes[place.start] ?? 0;
  const name = packetName(header);
  const isServersOnly = serversOnly.has(name);
  if (isServersOnly && name !== undefined) checkFlags(name, header, version);
  const packet = isServersOnly ? undefined : decodePacket(place, version);
  if (packet === undefined || !isFromClient(packet)) {
    throw new BrokerError("protocol-violation", `a ${name} from a client, §2.1.2`);
  }
  return packet;
}

const serversOnly: ReadonlySet<PacketName | undefined> = new Set([
  "connack",
  "suback",
  "unsuback",
  "pingresp",
]);

function isFromClient(packet: Packet): packet is ClientPacket {
  return !serversOnly.has(packet.type);
}

function decodeFirst(place: PacketPlace, reader: ByteReader): Connect {
  const level = readProtocolLevel(reader);
  const version = protocolVersion(level);
  if (version === undefined) {
    throw new BrokerError("unsupported", `protocol level ${level.level} [MQTT-3.1.2-1] [MQTT-3.1.2-2]`);
  }
  checkLengthBytes(place, version);
  return decodeConnect(reader, version);
}

/** MQTT 3.1.1 does not forbid a padded remaining length, and devices in the field send one [MQTT-1.5.5-1]. */
function checkLengthBytes({ start, bodyStart, end }: PacketPlace, version: ProtocolVersion): void {
  if (version === 5 && bodyStart - start - 1 !== variableByteIntegerSize(end - bodyStart)) {
    throw new BrokerError("malformed", "remaining length is longer than needed [MQTT-1.5.5-1]");
  }
}

type Decoder = (reader: ByteReader, version: ProtocolVersion) => Packet;

const decoders: Readonly<Record<Exclude<PacketName, "connect" | "publish">, Decoder>> = {
  connack: decodeConnack,
  puback: (reader, version) => decodeAcknowledgement(reader, "puback", version),
  pubrec: (reader, version) => decodeAcknowledgement(reader, "pubrec", version),
  pubrel: (reader, version) => decodeAcknowledgement(reader, "pubrel", version),
  pubcomp: (reader, version) => decodeAcknowledgement(reader, "pubcomp", version),
  subscribe: decodeSubscribe,
  suback: decodeSuback,
  unsubscribe: decodeUnsubscribe,
  unsuback: decodeUnsuback,
  pingreq: () => pingreq,
  pingresp: () => pingresp,
  disconnect: decodeDisconnect,
  auth: (reader, version) => {
    if (version !== 5) throw new BrokerError("malformed", "packet type 15 is reserved, MQTT 3.1.1 §2.2.1");
    return decodeAuth(reader);
  },
};

/**
 * Translates one packet to bytes.
 *
 * @throws BrokerError "too-large" for a field or packet that no length can say
 */
export function encodePacket(packet: Packet, version: ProtocolVersion): Buffer {
  if ("packetId" in packet) return encodeIdentified(packet, version);
  switch (packet.type) {
    case "connect":
      return encodeConnect(packet);
    case "connack":
      return encodeConnack(packet, version);
    case "pingreq":
      return pingreqBytes;
    case "pingresp":
      return pingrespBytes;
    case "disconnect":
      return encodeDisconnect(packet, version);
    case "auth":
      break;
  }
  return encodeAuth(packet);
}

function encodeIdentified(packet: Extract<Packet, { packetId: number }>, version: ProtocolVersion): Buffer {
  switch (packet.type) {
    case "publish":
      return encodePublish(packet, version);
    case "subscribe":
      return encodeSubscribe(packet, version);
    case "suback":
      return encodeSuback(packet, version);
    case "unsubscribe":
      return encodeUnsubscribe(packet, version);
    case "unsuback":
      return encodeUnsuback(packet, version);
    case "puback":
    case "pubrec":
    case "pubrel":
    case "pubcomp":
      break;
  }
  return encodeAcknowledgement(packet, version);
}
