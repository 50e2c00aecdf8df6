import {
  deathHeaders,
  encodeTypes,
  findHeader,
  type Header,
  type Message,
  publisherHeaders,
  type Properties as CanonicalProperties,
  type Timestamp,
  tradeSeparators,
  TYPES_HEADER,
  type Value,
  valueToText,
} from "@dragoman/core";
import { encodeProperties } from "../codec/properties.ts";
import type { MutableProperties, UserProperty } from "../codec/property.ts";
import { maxTextBytes } from "../codec/text.ts";
import { MQTT_5_PROPERTIES } from "./property-codec.ts";

/** Which properties of other protocols become user properties: those without a place in MQTT. */
export type ForeignProperties = "all" | "none";

/** Whether the types of headers go along: as text alone, or with a list of them for the way back. */
export type Fidelity = "text" | "full";

/** How messages of other protocols are worded. */
export interface ForeignWording {
  readonly foreignProperties: ForeignProperties;
  readonly fidelity: Fidelity;
}

const noBytes = Buffer.alloc(0);

/** Headers that route in AMQP, or that carry an MQTT property through AMQP: they are not shown. */
const consumed = new Set([
  "CC",
  "BCC",
  "x-reply-to-topic",
  "x-opt-reply-to-topic",
  "x-correlation-id",
  "x-retain",
  "x-payload-format",
  "x-content-type",
  "x-long-headers",
]);

/**
 * The property bytes with which a message leaves to MQTT 5.0, but for those of the hop and the Response Topic.
 * One encoding per message, whoever receives it.
 */
export class PropertyEncodings {
  readonly #wording: ForeignWording;
  readonly #known = new WeakMap<Message, Uint8Array>();

  constructor(wording: ForeignWording) {
    this.#wording = wording;
  }

  of(message: Message): Uint8Array {
    // Unaltered [MQTT-3.3.2-4], [MQTT-3.3.2-15], [MQTT-3.3.2-16], [MQTT-3.3.2-17], [MQTT-3.3.2-20].
    if (message.codec === MQTT_5_PROPERTIES && message.deaths.length === 0) return message.raw;
    if (message.publisher.protocol === "mqtt" && message.raw.length === 0 && message.deaths.length === 0)
      return noBytes;
    let bytes = this.#known.get(message);
    if (bytes === undefined) {
      bytes = encodeProperties(this.#translate(message));
      this.#known.set(message, bytes);
    }
    return bytes;
  }

  #translate(message: Message): MutableProperties {
    const { properties } = message;
    const translated: MutableProperties = {};
    const contentType = properties.contentType ?? textOf(properties, "x-content-type");
    if (contentType !== undefined && fits(contentType)) translated.contentType = contentType;
    if (properties.utf8 === true || textOf(properties, "x-payload-format") === "1") {
      translated.payloadFormatIndicator = 1;
    }
    const correlation =
      properties.correlation?.bytes ?? bytesOf(findHeader(properties.headers, "x-correlation-id"));
    if (correlation !== undefined && correlation.length <= maxTextBytes)
      translated.correlationData = correlation;
    const userProperties = this.#userProperties(message);
    if (userProperties.length > 0) translated.userProperties = userProperties;
    return translated;
  }

  /** mapping: headers in their order, then what MQTT has no place for, under the names that STOMP uses. */
  #userProperties(message: Message): UserProperty[] {
    const isForeign = message.codec.protocol !== "mqtt";
    const added: UserProperty[] = [...deathHeaders(message)];
    if (isForeign && this.#wording.foreignProperties === "all") added.unshift(...unplaced(message));
    if (message.publisher.protocol !== "mqtt") added.push(...publisherHeaders(message));
    // What the broker says of a message overwrites what its publisher wrote under the same name.
    const ours = new Set(added.map(([name]) => name));
    const shown = message.properties.headers
      .flatMap(expandLong)
      .filter(([name]) => !ours.has(name) && !(isForeign && consumed.has(name)));
    const types = this.#wording.fidelity === "full" && isForeign ? encodeTypes(shown) : undefined;
    if (types !== undefined) added.push([TYPES_HEADER, types]);
    const own = shown.map(([name, value]): UserProperty => [clean(name), clean(valueToText(value))]);
    return [...own, ...added.map(([name, value]): UserProperty => [name, clean(value)])].filter(
      ([name, value]) => fits(name) && fits(value),
    );
  }
}

/** The topic for an answer that a publisher named in a header, as RabbitMQ's users do; undefined when it did not. */
export function replyTopicHeader({ properties }: Message): string | undefined {
  const key = textOf(properties, "x-reply-to-topic") ?? textOf(properties, "x-opt-reply-to-topic");
  return key === undefined ? undefined : tradeSeparators(key);
}

function unplaced({ properties, priority }: Message): UserProperty[] {
  const { messageId, type, appId, claimedUserId, timestamp, contentEncoding } = properties;
  const values: readonly (readonly [string, string | undefined])[] = [
    ["amqp-message-id", messageId],
    ["type", type],
    ["app-id", appId],
    ["user-id", claimedUserId],
    ["timestamp", timestamp && String(inSeconds(timestamp))],
    ["priority", priority === undefined ? undefined : String(priority)],
    ["content-encoding", contentEncoding],
  ];
  return values.flatMap(([name, value]): UserProperty[] => (value === undefined ? [] : [[name, value]]));
}

function inSeconds({ value, unit }: Timestamp): number {
  return unit === "s" ? value : Math.floor(value / 1_000);
}

/** Names that AMQP's short strings cannot hold come as an array of tables {name, value}. */
function expandLong(header: Header): Header[] {
  const [name, value] = header;
  if (name !== "x-long-headers" || value.type !== "array") return [header];
  return value.value.flatMap((entry): Header[] => {
    if (entry.type !== "table") return [];
    const long = findHeader(entry.value, "name");
    const carried = findHeader(entry.value, "value");
    return long?.type === "text" && carried !== undefined ? [[long.value, carried]] : [];
  });
}

function textOf({ headers }: CanonicalProperties, name: string): string | undefined {
  const value = findHeader(headers, name);
  return value === undefined ? undefined : valueToText(value);
}

function bytesOf(value: Value | undefined): Uint8Array | undefined {
  if (value?.type === "bytes") return value.value;
  return value?.type === "text" ? Buffer.from(value.value) : undefined;
}

function fits(value: string): boolean {
  return value.length <= maxTextBytes / 3 || Buffer.byteLength(value) <= maxTextBytes;
}

/** U+0000 cannot travel in MQTT [MQTT-1.5.4-2]. */
function clean(value: string): string {
  return value.includes("\0") ? value.replaceAll("\0", "\uFFFD") : value;
}
