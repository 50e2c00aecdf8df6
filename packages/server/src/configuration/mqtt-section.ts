import { defaultOptions, type MqttOptions } from "@dragoman/mqtt";
import { choice, type Form, integer, mountList, oneOf, optional, text, toggle, unlimitedOr } from "./form.ts";
import type { SectionTable } from "./section.ts";

/** What the configuration can say about MQTT. */
export interface MqttSettings extends Pick<
  MqttOptions,
  | "virtualHost"
  | "maximumQos"
  | "retainAvailable"
  | "wildcardSubscriptionAvailable"
  | "subscriptionIdentifierAvailable"
  | "sharedSubscriptionAvailable"
  | "receiveMaximum"
  | "maxInflight"
  | "topicAliasMaximum"
  | "maxOutgoingAliases"
  | "maxPacketBytes"
  | "maxQueuedMessages"
  | "maxQueuedBytes"
  | "maxBufferedBytes"
  | "keepsQos0"
  | "closesUnauthorized"
  | "closesOnOverflow"
  | "rejectsOnNegativeAck"
  | "protectsSessions"
  | "sysToAmqp"
  | "fidelity"
  | "mounts"
  | "mqtt3Envelope"
  | "responseInformation"
> {
  readonly maxKeepAliveSeconds: number;
  readonly sysIntervalSeconds: number;
  readonly maxSessionExpirySeconds: number | "unlimited";
  readonly amqpProperties: MqttOptions["foreignProperties"];
}

const uint16 = (least: number): Form<number> => integer("count", least, 65_535);
const count = integer("count", 1, Number.MAX_SAFE_INTEGER);
const bytes = integer("bytes", 1, Number.MAX_SAFE_INTEGER);

/** What of MQTT can be set, with its standard. */
export const MQTT_SETTINGS: SectionTable<MqttSettings> = {
  virtualHost: {
    standard: defaultOptions.virtualHost,
    form: text("name", "the name of a virtual host, such as /"),
    help: "virtual host of the clients; it is created if need be",
  },
  maximumQos: {
    standard: defaultOptions.maximumQos,
    form: oneOf([0, 1, 2]),
    help: "highest QoS that clients may publish with and are granted",
  },
  retainAvailable: {
    standard: defaultOptions.retainAvailable,
    form: toggle(),
    help: "clients may publish retained messages",
  },
  wildcardSubscriptionAvailable: {
    standard: defaultOptions.wildcardSubscriptionAvailable,
    form: toggle(),
    help: "clients may subscribe with + and #",
  },
  subscriptionIdentifierAvailable: {
    standard: defaultOptions.subscriptionIdentifierAvailable,
    form: toggle(),
    help: "clients may give their subscriptions identifiers",
  },
  sharedSubscriptionAvailable: {
    standard: defaultOptions.sharedSubscriptionAvailable,
    form: toggle(),
    help: "clients may subscribe to $share/group/filter",
  },
  receiveMaximum: {
    standard: defaultOptions.receiveMaximum,
    form: uint16(1),
    help: "publishes of QoS 1 and 2 that a client may have open at a time",
  },
  maxInflight: {
    standard: defaultOptions.maxInflight,
    form: uint16(1),
    help: "deliveries of QoS 1 and 2 that a client has to confirm at a time, whatever more it would take",
  },
  topicAliasMaximum: {
    standard: defaultOptions.topicAliasMaximum,
    form: uint16(0),
    help: "topic aliases that a client may set",
  },
  maxOutgoingAliases: {
    standard: defaultOptions.maxOutgoingAliases,
    form: uint16(0),
    help: "topic aliases that the broker sets for a client, whatever more it would take",
  },
  maxPacketBytes: {
    standard: defaultOptions.maxPacketBytes,
    form: optional(integer("bytes", 128, 268_435_460)),
    help: "size of a packet, at most; without it, a message of maxMessageBytes and its properties fit",
  },
  maxKeepAliveSeconds: {
    standard: defaultOptions.maxKeepAlive,
    form: integer("seconds", 0, 65_535),
    help: "longest keep alive; a client of MQTT 5.0 that wants a longer one, or none, is told this one; 0 sets no limit",
  },
  maxSessionExpirySeconds: {
    standard: "unlimited",
    form: unlimitedOr("seconds", 0, 4_294_967_294),
    help: "longest time that a session is kept for a client that is away",
  },
  maxQueuedMessages: {
    standard: defaultOptions.maxQueuedMessages,
    form: count,
    help: "messages that wait for one session; the oldest makes room",
  },
  maxQueuedBytes: {
    standard: defaultOptions.maxQueuedBytes,
    form: bytes,
    help: "bytes of the payloads that wait for one session; the oldest makes room",
  },
  maxBufferedBytes: {
    standard: defaultOptions.maxBufferedBytes,
    form: bytes,
    help: "bytes that wait to be sent to a slow client before messages of QoS 0 to it are dropped",
  },
  keepsQos0: {
    standard: defaultOptions.keepsQos0,
    form: toggle(),
    help: "messages of QoS 0 wait too for a client that is away",
  },
  closesUnauthorized: {
    standard: defaultOptions.closesUnauthorized,
    form: toggle(),
    help: "cut off a client before MQTT 5.0 that publishes where it may not; with false its message is confirmed and dropped",
  },
  closesOnOverflow: {
    standard: defaultOptions.closesOnOverflow,
    form: toggle(),
    help: "cut off a client before MQTT 5.0 whose message a full queue refuses; with false its message is never confirmed",
  },
  protectsSessions: {
    standard: defaultOptions.protectsSessions,
    form: toggle(),
    help: "a client cannot take over the session of another user's client",
  },
  sysIntervalSeconds: {
    standard: defaultOptions.sysInterval,
    form: integer("seconds", 0, 86_400),
    help: "how often $SYS topics tell about the broker; 0 switches them off",
  },
  sysToAmqp: {
    standard: defaultOptions.sysToAmqp,
    form: toggle(),
    help: "bindings and STOMP patterns that begin with a wildcard select $SYS topics too",
  },
  rejectsOnNegativeAck: {
    standard: defaultOptions.rejectsOnNegativeAck,
    form: toggle(),
    help: "a PUBACK or PUBREC with an error rejects the message, which may dead-letter it; with false it counts as consumed",
  },
  amqpProperties: {
    standard: defaultOptions.foreignProperties,
    form: choice("which", ["all", "none"]),
    help: "properties of AMQP and STOMP that MQTT has no place for (type, app-id, timestamp and such) become user properties",
  },
  fidelity: {
    standard: defaultOptions.fidelity,
    form: choice("which", ["text", "full"]),
    help: "with full, a user property x-types tells the types of an AMQP message's headers, and restores them when it comes back",
  },
  mounts: {
    standard: defaultOptions.mounts,
    form: mountList(),
    help: "parts of the topics that are exchanges of their own: what begins with the prefix is published to the exchange, without it",
  },
  mqtt3Envelope: {
    standard: defaultOptions.mqtt3Envelope,
    form: choice("which", ["none", "json"]),
    help: "with json, clients before MQTT 5.0 send and get payloads with properties, as JSON objects; see below",
  },
  responseInformation: {
    standard: defaultOptions.responseInformation,
    form: optional(text("topic", "a text")),
    help: "what a client gets that asks for Response Information",
  },
};

/** The same in the protocol's own words. */
export function mqttOptions(settings: Partial<MqttSettings>): Partial<MqttOptions> {
  const { maxKeepAliveSeconds, maxSessionExpirySeconds, sysIntervalSeconds, amqpProperties, ...same } =
    settings;
  return {
    ...same,
    ...(sysIntervalSeconds !== undefined && { sysInterval: sysIntervalSeconds }),
    ...(maxKeepAliveSeconds !== undefined && { maxKeepAlive: maxKeepAliveSeconds }),
    ...(maxSessionExpirySeconds !== undefined && { maxSessionExpiry: secondsOf(maxSessionExpirySeconds) }),
    ...(amqpProperties !== undefined && { foreignProperties: amqpProperties }),
  };
}

function secondsOf(limit: number | "unlimited"): number {
  return limit === "unlimited" ? Number.POSITIVE_INFINITY : limit;
}
