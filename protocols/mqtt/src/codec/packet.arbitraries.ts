import fc from "fast-check";
import type { Acknowledgement, AcknowledgementName } from "./acknowledgement.ts";
import type { Auth } from "./auth.ts";
import type { Connack } from "./connack.ts";
import type { Connect, Will } from "./connect.ts";
import type { Disconnect } from "./disconnect.ts";
import type { Packet } from "./packet.ts";
import { type PacketName } from "./packet-type.ts";
import { encodeProperties } from "./properties.ts";
import {
  type MutableProperties,
  properties as propertyTable,
  type Properties,
  type PropertyPlace,
} from "./property.ts";
import type { ProtocolVersion } from "./protocol-version.ts";
import type { Publish } from "./publish.ts";
import { mayCarry, type ReasonCode, reasonCode } from "./reason-code.ts";
import type { Subscribe } from "./subscribe.ts";
import type { Suback } from "./suback.ts";
import type { Unsuback } from "./unsuback.ts";
import type { Unsubscribe } from "./unsubscribe.ts";

/** Any legal UTF-8 Encoded String: no lone surrogate, no U+0000; a byte order mark now and then. */
export const textArbitrary: fc.Arbitrary<string> = fc
  .oneof(fc.string({ unit: "binary", maxLength: 12 }), fc.constant("\uFEFFmark"))
  .map((value) => value.replaceAll("\0", "0"));

export const bytesArbitrary: fc.Arbitrary<Buffer> = fc
  .uint8Array({ maxLength: 300 })
  .map((bytes) => Buffer.from(bytes));

/** As `textArbitrary`, without control characters. */
const nameArbitrary = textArbitrary.map((value) => value.replaceAll(/\p{Cc}/gu, "_"));

export const topicArbitrary: fc.Arbitrary<string> = textArbitrary
  .map((value) => value.replaceAll(/[+#]/g, "/"))
  .filter((value) => value !== "");

export const filterArbitrary: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom("", "$share/group/"),
    fc.array(
      fc.oneof(
        fc.constant("+"),
        topicArbitrary.map((topic) => topic.replaceAll("/", "")),
      ),
      { minLength: 1, maxLength: 4 },
    ),
    fc.constantFrom("", "/#"),
  )
  .map(([share, levels, tail]) => `${share}${levels.join("/")}${tail}`)
  .filter((filter) => filter !== "" && !filter.endsWith("group/"));

const packetId = fc.integer({ min: 1, max: 65_535 });
const qos = fc.constantFrom(0, 1, 2);
const uint16 = fc.integer({ min: 0, max: 65_535 });
const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const bit = fc.integer({ min: 0, max: 1 });
const identifier = fc.integer({ min: 1, max: 268_435_455 });

const propertyValues: { [K in keyof Required<Properties>]: fc.Arbitrary<Required<Properties>[K]> } = {
  payloadFormatIndicator: bit,
  messageExpiryInterval: uint32,
  contentType: textArbitrary,
  responseTopic: topicArbitrary,
  correlationData: bytesArbitrary,
  subscriptionIdentifiers: fc.array(identifier, { minLength: 1, maxLength: 3 }),
  sessionExpiryInterval: uint32,
  assignedClientIdentifier: textArbitrary,
  serverKeepAlive: uint16,
  authenticationMethod: textArbitrary,
  authenticationData: bytesArbitrary,
  requestProblemInformation: bit,
  willDelayInterval: uint32,
  requestResponseInformation: bit,
  responseInformation: textArbitrary,
  serverReference: textArbitrary,
  reasonString: textArbitrary,
  receiveMaximum: packetId,
  topicAliasMaximum: uint16,
  topicAlias: uint16,
  maximumQos: bit,
  retainAvailable: bit,
  userProperties: fc.array(fc.tuple(textArbitrary, textArbitrary), { minLength: 1, maxLength: 3 }),
  maximumPacketSize: identifier,
  wildcardSubscriptionAvailable: bit,
  subscriptionIdentifierAvailable: bit,
  sharedSubscriptionAvailable: bit,
};

/** Any properties that a packet may have; none before MQTT 5.0. */
export function propertiesArbitrary(
  place: PropertyPlace,
  version: ProtocolVersion,
): fc.Arbitrary<Properties> {
  if (version !== 5) return fc.constant({});
  const allowed = new Set(
    propertyTable.filter(({ places }) => places.includes(place)).map(({ name }) => name),
  );
  return fc.record(propertyValues, { requiredKeys: [] }).map((values) => {
    const kept: MutableProperties = { ...values };
    for (const { name } of propertyTable) {
      if (!allowed.has(name)) delete kept[name];
    }
    const [first] = kept.subscriptionIdentifiers ?? [];
    if (place === "subscribe" && first !== undefined) kept.subscriptionIdentifiers = [first];
    return kept;
  });
}

function reasons(packet: PacketName, version: ProtocolVersion): fc.Arbitrary<ReasonCode> {
  return version === 5
    ? fc.constantFrom(...Object.values(reasonCode).filter((code) => mayCarry(packet, code)))
    : fc.constant(reasonCode.success);
}

function will(version: ProtocolVersion): fc.Arbitrary<Will> {
  return fc.record({
    topic: topicArbitrary,
    qos,
    retain: fc.boolean(),
    properties: propertiesArbitrary("will", version),
    payload: bytesArbitrary,
  });
}

function connect(version: ProtocolVersion): fc.Arbitrary<Connect> {
  return fc
    .record({
      type: fc.constant("connect"),
      version: fc.constant(version),
      cleanStart: fc.boolean(),
      keepAlive: uint16,
      properties: propertiesArbitrary("connect", version),
      clientId: nameArbitrary,
      will: fc.option(will(version), { nil: undefined }),
      userName: fc.option(nameArbitrary, { nil: undefined }),
      password: fc.option(bytesArbitrary, { nil: undefined }),
    })
    .filter(
      ({ properties, userName, password }) =>
        (properties.authenticationData === undefined || properties.authenticationMethod !== undefined) &&
        (version === 5 || password === undefined || userName !== undefined),
    );
}

function connack(version: ProtocolVersion): fc.Arbitrary<Connack> {
  return fc.record({
    type: fc.constant("connack"),
    sessionPresent: version === 3 ? fc.constant(false) : fc.boolean(),
    reason: version === 5 ? reasons("connack", 5) : fc.constantFrom(0x00, 0x84, 0x85, 0x88, 0x86, 0x87),
    properties: propertiesArbitrary("connack", version),
  });
}

export function publishArbitrary(version: ProtocolVersion): fc.Arbitrary<Publish> {
  return fc
    .record({
      type: fc.constant("publish"),
      dup: fc.boolean(),
      qos,
      retain: fc.boolean(),
      topic: topicArbitrary,
      packetId,
      properties: propertiesArbitrary("publish", version).map(encodeProperties),
      payload: bytesArbitrary,
    })
    .map((packet) => (packet.qos === 0 ? { ...packet, dup: false, packetId: 0 } : packet));
}

function acknowledgement(type: AcknowledgementName, version: ProtocolVersion): fc.Arbitrary<Acknowledgement> {
  return fc.record({
    type: fc.constant(type),
    packetId,
    reason: reasons(type, version),
    properties: propertiesArbitrary(type, version),
  });
}

function subscribe(version: ProtocolVersion): fc.Arbitrary<Subscribe> {
  const subscription = fc
    .record({
      filter: filterArbitrary,
      qos,
      noLocal: version === 5 ? fc.boolean() : fc.constant(false),
      retainAsPublished: version === 5 ? fc.boolean() : fc.constant(false),
      retainHandling:
        version === 5 ? fc.constantFrom("always", "if-new", "never") : fc.constant("always" as const),
    })
    .map((request) => ({ ...request, noLocal: request.noLocal && !request.filter.startsWith("$share") }));
  return fc.record({
    type: fc.constant("subscribe"),
    packetId,
    properties: propertiesArbitrary("subscribe", version),
    subscriptions: fc.array(subscription, { minLength: 1, maxLength: 4 }),
  });
}

function suback(version: ProtocolVersion): fc.Arbitrary<Suback> {
  const reason = version === 5 ? reasons("suback", 5) : fc.constantFrom(0x00, 0x01, 0x02, 0x80);
  return fc.record({
    type: fc.constant("suback"),
    packetId,
    properties: propertiesArbitrary("suback", version),
    reasons: fc.array<ReasonCode>(reason, { minLength: 1, maxLength: 4 }),
  });
}

function unsubscribe(version: ProtocolVersion): fc.Arbitrary<Unsubscribe> {
  return fc.record({
    type: fc.constant("unsubscribe"),
    packetId,
    properties: propertiesArbitrary("unsubscribe", version),
    filters: fc.array(filterArbitrary, { minLength: 1, maxLength: 4 }),
  });
}

function unsuback(version: ProtocolVersion): fc.Arbitrary<Unsuback> {
  return fc.record({
    type: fc.constant("unsuback"),
    packetId,
    properties: propertiesArbitrary("unsuback", version),
    reasons:
      version === 5 ? fc.array(reasons("unsuback", 5), { minLength: 1, maxLength: 4 }) : fc.constant([]),
  });
}

function disconnect(version: ProtocolVersion): fc.Arbitrary<Disconnect> {
  return fc.record({
    type: fc.constant("disconnect"),
    reason: reasons("disconnect", version),
    properties: propertiesArbitrary("disconnect", version),
  });
}

function auth(): fc.Arbitrary<Auth> {
  return fc
    .record({
      type: fc.constant("auth"),
      reason: reasons("auth", 5),
      properties: propertiesArbitrary("auth", 5),
    })
    .filter(({ properties }) => properties.authenticationMethod !== undefined);
}

/** Every kind of packet of a version, the two-byte ones among them: a fault of the splitter shows first there. */
export function packetArbitrary(version: ProtocolVersion): fc.Arbitrary<Packet> {
  const kinds: fc.Arbitrary<Packet>[] = [
    connect(version),
    connack(version),
    publishArbitrary(version),
    acknowledgement("puback", version),
    acknowledgement("pubrec", version),
    acknowledgement("pubrel", version),
    acknowledgement("pubcomp", version),
    subscribe(version),
    suback(version),
    unsubscribe(version),
    unsuback(version),
    fc.constant({ type: "pingreq" }),
    fc.constant({ type: "pingresp" }),
    disconnect(version),
  ];
  return fc.oneof(...kinds, ...(version === 5 ? [auth()] : []));
}
