import {
  decodePacket,
  decodeProperties,
  encodePacket,
  encodeProperties,
  type Packet,
  PacketSplitter,
  type Properties,
  type ProtocolVersion,
  type Publish,
} from "@dragoman/mqtt";
import fc from "fast-check";
import { generate, type Packet as TheirPacket, parser as theirParser } from "mqtt-packet";
import { describe, expect, test } from "vitest";
import { packetArbitrary } from "../../protocols/mqtt/src/codec/packet.arbitraries.ts";

// mqtt-packet is a judge of valid packets alone: it accepts, for one, packet identifier 0 and surrogates.
const runs = 1500;

describe.each([3, 4, 5] as const)("at protocol level %i", (version) => {
  const packets = packetArbitrary(version).map(comparable).filter(theirsCanSay);

  test("mqtt-packet reads what we write as we do", () => {
    fc.assert(
      fc.property(packets, (packet) => {
        expect(parse(encodePacket(packet, version), version)).toMatchObject(
          plain(translate(packet, version)),
        );
      }),
      { numRuns: runs },
    );
  });

  test("we read what mqtt-packet writes as it does", () => {
    fc.assert(
      fc.property(packets, (packet) => {
        const bytes = generate(translate(packet, version) as unknown as TheirPacket, {
          protocolVersion: version,
        });

        expect(plain(orderless(read(bytes, version)))).toEqual(plain(orderless(packet)));
      }),
      { numRuns: runs },
    );
  });
});

function read(bytes: Buffer, version: ProtocolVersion): Packet {
  const splitter = new PacketSplitter(1 << 20);
  splitter.push(bytes);
  expect(splitter.next()).toBe(true);
  return decodePacket(splitter, version);
}

function parse(bytes: Buffer, version: ProtocolVersion): Record<string, unknown> {
  const parser = theirParser({ protocolVersion: version });
  let seen: unknown;
  parser.on("packet", (packet) => (seen = packet));
  parser.on("error", (error) => (seen = error));
  parser.parse(bytes);
  if (seen instanceof Error) throw seen;
  return plain(seen);
}

/** Their user properties are an object, which keeps neither repeats nor order. */
function comparable(packet: Packet): Packet {
  if (packet.type === "pingreq" || packet.type === "pingresp") return packet;
  if (packet.type === "publish") {
    return {
      ...packet,
      properties: encodeProperties(distinct(decodeProperties(packet.properties, "publish"))),
    };
  }
  const changed = { ...packet, properties: distinct(packet.properties) };
  if (changed.type !== "connect" || changed.will === undefined) return changed;
  return { ...changed, will: { ...changed.will, properties: distinct(changed.will.properties) } };
}

function distinct(properties: Properties): Properties {
  if (properties.userProperties === undefined) return properties;
  const byName = new Map(properties.userProperties.filter(([name]) => name !== "__proto__"));
  const { userProperties: _all, ...others } = properties;
  return byName.size === 0 ? others : { ...others, userProperties: [...byName] };
}

/** What mqtt-packet 9.0.2 has no way to write, although the specification has. */
function theirsCanSay(packet: Packet): boolean {
  if (packet.type !== "connect") return true;
  // It drops an empty user name together with its flag, and wants a clean start for an empty client identifier.
  return (
    packet.userName !== "" &&
    packet.clientId !== "" &&
    (packet.password === undefined || packet.userName !== undefined)
  );
}

function translate(packet: Packet, version: ProtocolVersion): Record<string, unknown> {
  if (packet.type === "pingreq" || packet.type === "pingresp") return { cmd: packet.type };
  const properties =
    packet.type === "publish" ? decodeProperties(packet.properties, "publish") : packet.properties;
  return {
    cmd: packet.type,
    ...(Object.keys(properties).length > 0 && { properties: translateProperties(properties) }),
    ...("packetId" in packet && packet.packetId > 0 && { messageId: packet.packetId }),
    ...translators[packet.type](packet as never, version),
  };
}

type Translators = {
  readonly [K in Exclude<Packet["type"], "pingreq" | "pingresp">]: (
    packet: Extract<Packet, { type: K }>,
    version: ProtocolVersion,
  ) => object;
};

const translators: Translators = {
  connect: translateConnect,
  connack: translateConnack,
  publish: translatePublish,
  subscribe: translateSubscribe,
  suback: ({ reasons }) => ({ granted: reasons }),
  unsubscribe: ({ filters }) => ({ unsubscriptions: filters }),
  unsuback: ({ reasons }, version) => (version === 5 ? { granted: reasons } : {}),
  puback: translateReason,
  pubrec: translateReason,
  pubrel: translateReason,
  pubcomp: translateReason,
  disconnect: translateReason,
  auth: translateReason,
};

function translateReason({ reason }: { readonly reason: number }, version: ProtocolVersion): object {
  return version === 5 ? { reasonCode: reason } : {};
}

function translateConnack(packet: Extract<Packet, { type: "connack" }>, version: ProtocolVersion): object {
  const { sessionPresent, reason } = packet;
  const returnCode = [0x00, 0x84, 0x85, 0x88, 0x86, 0x87].indexOf(reason);
  return { sessionPresent, ...(version === 5 ? { reasonCode: reason } : { returnCode }) };
}

function translateSubscribe(
  packet: Extract<Packet, { type: "subscribe" }>,
  version: ProtocolVersion,
): object {
  const subscriptions = packet.subscriptions.map((subscription) => ({
    topic: subscription.filter,
    qos: subscription.qos,
    ...(version === 5 && {
      nl: subscription.noLocal,
      rap: subscription.retainAsPublished,
      rh: ["always", "if-new", "never"].indexOf(subscription.retainHandling),
    }),
  }));
  return { subscriptions };
}

function translatePublish({ topic, payload, qos, retain, dup }: Publish): Record<string, unknown> {
  return { topic, payload, qos, retain, dup };
}

function translateConnect(packet: Extract<Packet, { type: "connect" }>): Record<string, unknown> {
  const { version, will, userName, password } = packet;
  return {
    protocolId: version === 3 ? "MQIsdp" : "MQTT",
    protocolVersion: version,
    clean: packet.cleanStart,
    keepalive: packet.keepAlive,
    clientId: packet.clientId,
    ...(userName !== undefined && { username: userName }),
    ...(password !== undefined && { password }),
    ...(will !== undefined && {
      will: {
        topic: will.topic,
        payload: will.payload,
        qos: will.qos,
        retain: will.retain,
        ...(version === 5 &&
          Object.keys(will.properties).length > 0 && {
            properties: translateProperties(will.properties),
          }),
      },
    }),
  };
}

const booleans = new Set([
  "payloadFormatIndicator",
  "requestProblemInformation",
  "requestResponseInformation",
  "retainAvailable",
  "wildcardSubscriptionAvailable",
  "subscriptionIdentifierAvailable",
  "sharedSubscriptionAvailable",
]);

const otherNames: Readonly<Record<string, string>> = {
  maximumQos: "maximumQoS",
  subscriptionIdentifierAvailable: "subscriptionIdentifiersAvailable",
  subscriptionIdentifiers: "subscriptionIdentifier",
};

function translateProperties(properties: Properties): Record<string, unknown> {
  const translated: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(properties) as [string, unknown][]) {
    const theirs = otherNames[name] ?? name;
    if (name === "userProperties") translated[theirs] = Object.fromEntries(value as [string, string][]);
    else if (name === "subscriptionIdentifiers") {
      const [first, ...more] = value as number[];
      translated[theirs] = more.length === 0 ? first : value;
    } else translated[theirs] = booleans.has(name) ? value === 1 : value;
  }
  return translated;
}

function orderless(packet: Packet): unknown {
  if (packet.type === "publish") {
    return { ...packet, properties: sorted(decodeProperties(packet.properties, "publish")) };
  }
  if (!("properties" in packet)) return packet;
  const changed = { ...packet, properties: sorted(packet.properties) };
  if (changed.type !== "connect" || changed.will === undefined) return changed;
  return { ...changed, will: { ...changed.will, properties: sorted(changed.will.properties) } };
}

function sorted(properties: Properties): unknown {
  const userProperties = properties.userProperties?.toSorted(([a], [b]) => (a < b ? -1 : 1));
  return { ...properties, userProperties };
}

/** Bytes as hex, and nothing that is undefined. */
function plain(value: unknown): Record<string, unknown> {
  return JSON.parse(
    JSON.stringify(value, (_key, inner: unknown) =>
      inner !== null && typeof inner === "object" && "data" in inner && Array.isArray(inner.data)
        ? Buffer.from(inner.data as number[]).toString("hex")
        : inner,
    ),
  ) as Record<string, unknown>;
}
