export { type Acknowledgement, type AcknowledgementName } from "./codec/acknowledgement.ts";
export type { Auth } from "./codec/auth.ts";
export type { Connack } from "./codec/connack.ts";
export type { Connect, Will } from "./codec/connect.ts";
export type { Disconnect } from "./codec/disconnect.ts";
export { decodePacket, encodePacket, type Packet, type PacketPlace } from "./codec/packet.ts";
export { PacketSplitter } from "./codec/packet-splitter.ts";
export type { Pingreq, Pingresp } from "./codec/ping.ts";
export { decodeProperties, encodeProperties } from "./codec/properties.ts";
export type { Properties, PropertyPlace, UserProperty } from "./codec/property.ts";
export type { ProtocolVersion } from "./codec/protocol-version.ts";
export type { Publish } from "./codec/publish.ts";
export type { Qos } from "./codec/qos.ts";
export { type ReasonCode, reasonCode } from "./codec/reason-code.ts";
export type { RetainHandling, Subscribe, SubscriptionRequest } from "./codec/subscribe.ts";
export type { Suback } from "./codec/suback.ts";
export type { Unsuback } from "./codec/unsuback.ts";
export type { Unsubscribe } from "./codec/unsubscribe.ts";
export {
  type AuthenticationExchange,
  type AuthenticationMethod,
  type AuthenticationStep,
} from "./connection/enhanced-authentication.ts";
export { type ScramCredential, scramCredential, type ScramOptions, scramSha256 } from "./connection/scram.ts";
export { defaultOptions, type MqttOptions } from "./connection/options.ts";
export { mqttProtocol } from "./protocol.ts";
export { mqttPropertyCodecs } from "./translation/property-codec.ts";
export type { Mount } from "./translation/mounts.ts";
