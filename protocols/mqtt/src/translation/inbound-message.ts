import { Message, type Publisher } from "@dragoman/core";
import type { Will } from "../codec/connect.ts";
import { separateHopProperties } from "../codec/hop-properties.ts";
import { encodeProperties } from "../codec/properties.ts";
import type { ProtocolVersion } from "../codec/protocol-version.ts";
import type { Publish } from "../codec/publish.ts";
import { MQTT_5_PROPERTIES, propertyCodecOf } from "./property-codec.ts";
import type { Target } from "./topic-address.ts";

/** What the connection knows of a message that the packet does not say. */
export interface MessageContext {
  readonly version: ProtocolVersion;
  readonly publisher: Publisher;
  readonly target: Target;
  readonly nowMs: number;
}

/** From this many bytes on, a body that is most of the memory that it lies in stays there. */
const largeBodyBytes = 16_384;

/**
 * A PUBLISH as a message: mapping of MQTT 5.0 §3.3. Body and properties are copied, once and together, since a view of
 * them would keep the whole chunk. A large body that is most of its chunk keeps little else, and is not copied.
 *
 * @param application the properties that travel on; `expirySeconds` was among the others
 */
export function toMessage(
  { payload, qos, retain }: Pick<Publish, "payload" | "qos" | "retain">,
  application: Uint8Array,
  expirySeconds: number | undefined,
  { version, publisher, target, nowMs }: MessageContext,
): Message {
  const { raw, body } = isMostOfItsMemory(payload)
    ? { raw: Buffer.from(application), body: payload }
    : copyTogether(application, payload);
  return new Message({
    exchange: target.exchange,
    topic: target.topic,
    body,
    publisher,
    receivedAtMs: nowMs,
    durable: qos > 0,
    qos,
    // The core keeps it as the last of its topic, or clears that [MQTT-3.3.1-5], [MQTT-3.3.1-6], [MQTT-3.3.1-7], and
    // nothing without it [MQTT-3.3.1-8], MQTT 3.1.1 [MQTT-3.3.1-5], [MQTT-3.3.1-7], [MQTT-3.3.1-10], [MQTT-3.3.1-11],
    // [MQTT-3.3.1-12].
    retain,
    expiresAtMs: expirySeconds === undefined ? undefined : nowMs + expirySeconds * 1_000,
    ttlRaw: expirySeconds === undefined ? undefined : String(expirySeconds),
    // A client before MQTT 5.0 can give properties in an envelope.
    codec: application.length > 0 ? MQTT_5_PROPERTIES : propertyCodecOf(version),
    raw,
  });
}

function isMostOfItsMemory({ length, buffer }: Uint8Array): boolean {
  return length >= largeBodyBytes && length * 2 >= buffer.byteLength;
}

function copyTogether(
  application: Uint8Array,
  payload: Uint8Array,
): { readonly raw: Uint8Array; readonly body: Uint8Array } {
  const bytes = Buffer.allocUnsafe(application.length + payload.length);
  bytes.set(application);
  bytes.set(payload, application.length);
  return { raw: bytes.subarray(0, application.length), body: bytes.subarray(application.length) };
}

/**
 * A will as the message that is published when its time comes [MQTT-3.1.2-14], [MQTT-3.1.2-15], MQTT 3.1.1
 * [MQTT-3.1.2-16], [MQTT-3.1.2-17].
 */
export function toWillMessage(will: Will, context: MessageContext): Message {
  const { willDelayInterval: _ofTheHop, ...properties } = will.properties;
  const { application, messageExpiryInterval } = separateHopProperties(encodeProperties(properties));
  return toMessage(will, application, messageExpiryInterval, context);
}
