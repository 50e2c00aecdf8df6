import {
  BrokerError,
  type Headers,
  NO_PROPERTIES,
  type Properties,
  type PropertyCodec,
  type ReplyTo,
  restoreTypes,
  text,
  TYPES_HEADER,
} from "@dragoman/core";
import { decodeProperties } from "../codec/properties.ts";
import type { UserProperty } from "../codec/property.ts";
import type { ProtocolVersion } from "../codec/protocol-version.ts";
import { addressOf } from "./topic-address.ts";

/** MQTT 5.0: a PUBLISH's properties without those of the hop, as they came. */
export const MQTT_5_PROPERTIES: PropertyCodec = { protocol: "mqtt", version: "5.0", decode: toCanonical };

const MQTT_3_1_1_PROPERTIES: PropertyCodec = {
  protocol: "mqtt",
  version: "3.1.1",
  decode: () => NO_PROPERTIES,
};
const MQTT_3_1_PROPERTIES: PropertyCodec = { protocol: "mqtt", version: "3.1", decode: () => NO_PROPERTIES };

/** All that may have written a stored message. */
export const mqttPropertyCodecs: readonly PropertyCodec[] = [
  MQTT_5_PROPERTIES,
  MQTT_3_1_1_PROPERTIES,
  MQTT_3_1_PROPERTIES,
];

export function propertyCodecOf(version: ProtocolVersion): PropertyCodec {
  if (version === 5) return MQTT_5_PROPERTIES;
  return version === 4 ? MQTT_3_1_1_PROPERTIES : MQTT_3_1_PROPERTIES;
}

function toCanonical(raw: Uint8Array): Properties {
  const properties = decodeProperties(raw, "publish");
  const { correlationData, responseTopic, payloadFormatIndicator } = properties;
  return {
    contentType: properties.contentType,
    utf8: payloadFormatIndicator === undefined ? undefined : payloadFormatIndicator === 1,
    headers: toHeaders(properties.userProperties ?? []),
    correlation: correlationData && { bytes: correlationData, isText: false },
    replyTo: responseTopic === undefined ? undefined : toReplyTo(responseTopic),
  };
}

/** Types that a message brought along from another protocol come back, and their list is not a header. */
function toHeaders(userProperties: readonly UserProperty[]): Headers {
  const types = userProperties.find(([name]) => name === TYPES_HEADER)?.[1];
  if (types === undefined) return userProperties.map(([name, value]) => [name, text(value)]);
  return restoreTypes(
    userProperties.filter(([name]) => name !== TYPES_HEADER),
    types,
  );
}

function toReplyTo(raw: string): ReplyTo {
  try {
    return { raw, address: raw.startsWith("$reply/") ? undefined : addressOf(raw) };
  } catch (error) {
    if (error instanceof BrokerError) return { raw, address: undefined };
    throw error;
  }
}
