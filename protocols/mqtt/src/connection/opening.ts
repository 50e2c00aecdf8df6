import { BrokerError, type Credentials } from "@dragoman/core";
import { type Connect, decodeConnect, readProtocolLevel } from "../codec/connect.ts";
import { type ProtocolLevel, protocolVersion, type ProtocolVersion } from "../codec/protocol-version.ts";
import type { PacketPlace } from "../codec/packet.ts";
import type { MutableProperties } from "../codec/property.ts";
import { reasonCode } from "../codec/reason-code.ts";
import { ByteReader } from "@dragoman/core";
import type { MqttOptions } from "./options.ts";
import { ReasonError } from "./reason.ts";

/** What a CONNECT asks for, with the limits that we set. */
export interface ConnectTerms {
  readonly clientId: string;
  /** We chose the client identifier [MQTT-3.1.3-6], [MQTT-3.1.3-7]. */
  readonly isAssigned: boolean;
  /** Seconds; 0 is never. */
  readonly keepAlive: number;
  /** Seconds; Infinity never ends. */
  readonly sessionExpiry: number;
}

/** What a first packet says of its version. */
export interface NamedVersion {
  readonly level: number;
  /** Undefined when we do not speak it. */
  readonly version: ProtocolVersion | undefined;
  /** The version that a refusal is written in: of one that we do not speak, that which the packet reads as. */
  readonly answerIn: ProtocolVersion;
}

/** What the first packet calls itself; undefined when not even that can be read. */
export function readVersion(place: PacketPlace): NamedVersion | undefined {
  const reader = new ByteReader(place.bytes, place.bodyStart, place.end);
  const named = attempt(() => readProtocolLevel(reader));
  if (named === undefined || (named.name !== "MQTT" && named.name !== "MQIsdp")) return undefined;
  const version = protocolVersion(named);
  return { level: named.level, version, answerIn: version ?? versionLike(named, reader) };
}

function versionLike({ name }: ProtocolLevel, reader: ByteReader): ProtocolVersion {
  return name === "MQTT" && attempt(() => decodeConnect(reader, 5)) !== undefined ? 5 : 4;
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof BrokerError) return undefined;
    throw error;
  }
}

/**
 * Checks a CONNECT against what is available.
 *
 * @throws BrokerError with the reason that the CONNACK has to give
 */
export function agreeOn(connect: Connect, options: MqttOptions): ConnectTerms {
  checkWill(connect, options);
  const isAssigned = connect.clientId === "";
  if (isAssigned && connect.version !== 5 && (!connect.cleanStart || connect.version === 3)) {
    // [MQTT-3.1.3-8], MQTT 3.1.1 [MQTT-3.1.3-8], [MQTT-3.1.3-9]; MQTT 3.1 knows no empty identifier.
    const message = "an empty client identifier needs a clean session, MQTT 3.1.1 [MQTT-3.1.3-8]";
    throw new ReasonError(reasonCode.clientIdentifierNotValid, "bad-address", message);
  }
  return {
    // Of any length and spelling [MQTT-3.1.3-5].
    clientId: isAssigned ? newClientId() : connect.clientId,
    isAssigned,
    keepAlive: limitKeepAlive(connect, options),
    sessionExpiry: Math.min(wantedExpiry(connect), options.maxSessionExpiry),
  };
}

/** What the CONNACK tells of the terms and of our limits, §3.2.2.3. */
export function connackProperties(
  connect: Connect,
  terms: ConnectTerms,
  options: MqttOptions,
  maxPacketBytes: number,
): MutableProperties {
  if (connect.version !== 5) return {};
  const { maximumQos, responseInformation } = options;
  const properties: MutableProperties = {
    receiveMaximum: options.receiveMaximum,
    maximumPacketSize: maxPacketBytes,
    topicAliasMaximum: options.topicAliasMaximum,
  };
  if (terms.sessionExpiry < wantedExpiry(connect)) properties.sessionExpiryInterval = terms.sessionExpiry;
  // [MQTT-3.2.2-9]
  if (maximumQos < 2) properties.maximumQos = maximumQos;
  if (terms.isAssigned) properties.assignedClientIdentifier = terms.clientId;
  // [MQTT-3.2.2-21], [MQTT-3.2.2-22]
  if (terms.keepAlive !== connect.keepAlive) properties.serverKeepAlive = terms.keepAlive;
  // [MQTT-3.1.2-28]
  if (responseInformation !== undefined && connect.properties.requestResponseInformation === 1) {
    properties.responseInformation = responseInformation;
  }
  addMissingCapabilities(properties, options);
  return properties;
}

/** The login of a CONNECT without enhanced authentication. */
export function credentialsOf({ userName, password }: Connect): Credentials {
  if (userName === undefined && password === undefined) return { kind: "anonymous" };
  // The packet is gone when the answer comes.
  return { kind: "password", user: userName ?? "", password: Uint8Array.from(password ?? []) };
}

function checkWill({ will }: Connect, options: MqttOptions): void {
  if (will === undefined) return;
  if (will.qos > options.maximumQos) {
    const message = `will of QoS ${will.qos}, maximum ${options.maximumQos} [MQTT-3.2.2-12]`;
    throw new ReasonError(reasonCode.qosNotSupported, "unsupported", message);
  }
  if (will.retain && !options.retainAvailable) {
    throw new ReasonError(
      reasonCode.retainNotSupported,
      "unsupported",
      "no retained messages [MQTT-3.2.2-13]",
    );
  }
}

/** Seconds. Before MQTT 5.0 a session that is not clean never expires by itself. */
function wantedExpiry({ version, cleanStart, properties }: Connect): number {
  if (version !== 5) return cleanStart ? 0 : Number.POSITIVE_INFINITY;
  const { sessionExpiryInterval = 0 } = properties;
  return expiryInSeconds(sessionExpiryInterval);
}

/** §3.1.2.11.2: the largest value stands for never. */
export function expiryInSeconds(sessionExpiryInterval: number): number {
  return sessionExpiryInterval === 0xffff_ffff ? Number.POSITIVE_INFINITY : sessionExpiryInterval;
}

/** Before MQTT 5.0 a client cannot be told that it has less time than it wanted. */
function limitKeepAlive({ version, keepAlive }: Connect, { maxKeepAlive }: MqttOptions): number {
  if (maxKeepAlive === 0 || version !== 5) return keepAlive;
  return keepAlive === 0 || keepAlive > maxKeepAlive ? maxKeepAlive : keepAlive;
}

function addMissingCapabilities(properties: MutableProperties, options: MqttOptions): void {
  if (!options.retainAvailable) properties.retainAvailable = 0;
  if (!options.wildcardSubscriptionAvailable) properties.wildcardSubscriptionAvailable = 0;
  if (!options.subscriptionIdentifierAvailable) properties.subscriptionIdentifierAvailable = 0;
  if (!options.sharedSubscriptionAvailable) properties.sharedSubscriptionAvailable = 0;
}

/** 96 random bits: no other session can have it [MQTT-3.2.2-16]. */
function newClientId(): string {
  return `auto-${Buffer.from(crypto.getRandomValues(new Uint8Array(12))).toString("hex")}`;
}
