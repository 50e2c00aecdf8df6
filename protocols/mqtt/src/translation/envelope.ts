import { isUtf8 } from "node:buffer";
import { BrokerError } from "@dragoman/core";
import { decodeProperties, encodeProperties } from "../codec/properties.ts";
import type { MutableProperties, Properties, UserProperty } from "../codec/property.ts";

/** Whether clients before MQTT 5.0 send and get a JSON object that holds a payload with its properties. */
export type Envelope = "none" | "json";

/** A message as MQTT 5.0 would have it. */
export interface Enclosed {
  readonly payload: Uint8Array;
  readonly properties: Properties;
}

/** What may be in an envelope, by the names of MQTT 5.0; what is no text is under a name of its own, in base64. */
interface EnvelopeFields {
  contentType?: string;
  payloadFormatIndicator?: number;
  messageExpiryInterval?: number;
  responseTopic?: string;
  correlationData?: string;
  correlationDataBase64?: string;
  /** A name that comes more than once has a list of values. */
  userProperties?: Record<string, string | readonly string[]>;
  payload?: string;
  payloadBase64?: string;
}

/** The payload and its properties as one JSON object, in UTF-8. */
export function encloseInJson({ payload, properties }: Enclosed): Buffer {
  const { contentType, payloadFormatIndicator, messageExpiryInterval, responseTopic } = properties;
  const { correlationData, userProperties = [] } = properties;
  const fields: EnvelopeFields = {
    ...(contentType !== undefined && { contentType }),
    ...(payloadFormatIndicator !== undefined && { payloadFormatIndicator }),
    ...(messageExpiryInterval !== undefined && { messageExpiryInterval }),
    ...(responseTopic !== undefined && { responseTopic }),
    ...(correlationData !== undefined && textOrBase64("correlationData", correlationData)),
    ...(userProperties.length > 0 && { userProperties: gather(userProperties) }),
    ...textOrBase64("payload", payload),
  };
  return Buffer.from(JSON.stringify(fields));
}

/**
 * What is in an envelope. Undefined for a payload that is none: no JSON object, without a payload in it, or with
 * anything that an envelope cannot have.
 */
export function openJson(bytes: Uint8Array): Enclosed | undefined {
  const fields = bytes.length === 0 || !isUtf8(bytes) ? undefined : parse(Buffer.from(bytes).toString());
  if (fields === undefined) return undefined;
  const reading: Reading = { left: new Map(Object.entries(fields)), isGood: true };
  const payload = takeBytes(reading, "payload");
  const properties = takeProperties(reading);
  if (payload === undefined || !reading.isGood || reading.left.size > 0) return undefined;
  return isAllowed(properties) ? { payload, properties } : undefined;
}

/** An envelope that is taken apart. */
interface Reading {
  /** What was not asked for yet. */
  readonly left: Map<string, unknown>;
  /** Everything that was asked for is of its type. */
  isGood: boolean;
}

function parse(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function takeProperties(reading: Reading): MutableProperties {
  const found: MutableProperties = {};
  const contentType = take(reading, "contentType", isText);
  if (contentType !== undefined) found.contentType = contentType;
  const format = take(reading, "payloadFormatIndicator", isInteger);
  if (format !== undefined) found.payloadFormatIndicator = format;
  const expiry = take(reading, "messageExpiryInterval", isInteger);
  if (expiry !== undefined) found.messageExpiryInterval = expiry;
  const responseTopic = take(reading, "responseTopic", isText);
  if (responseTopic !== undefined) found.responseTopic = responseTopic;
  const correlationData = takeBytes(reading, "correlationData");
  if (correlationData !== undefined) found.correlationData = correlationData;
  const userProperties = take(reading, "userProperties", isUserProperties);
  if (userProperties !== undefined) found.userProperties = spread(userProperties);
  return found;
}

function take<T>(reading: Reading, name: string, is: (value: unknown) => value is T): T | undefined {
  const value = reading.left.get(name);
  if (value === undefined) return undefined;
  if (!is(value)) {
    reading.isGood = false;
    return undefined;
  }
  reading.left.delete(name);
  return value;
}

/** As text or in base64. */
function takeBytes(reading: Reading, name: "payload" | "correlationData"): Buffer | undefined {
  const text = take(reading, name, isText);
  if (text !== undefined) return Buffer.from(text);
  const base64 = take(reading, `${name}Base64`, isBase64);
  return base64 === undefined ? undefined : Buffer.from(base64, "base64");
}

/** Whether the codec lets the properties through, as it would when they came in a PUBLISH of MQTT 5.0. */
function isAllowed(properties: Properties): boolean {
  try {
    decodeProperties(encodeProperties(properties), "publish");
    return true;
  } catch (error) {
    if (error instanceof BrokerError) return false;
    throw error;
  }
}

function textOrBase64(name: string, bytes: Uint8Array): Record<string, string> {
  const all = Buffer.from(bytes);
  return isUtf8(all) ? { [name]: all.toString() } : { [`${name}Base64`]: all.toString("base64") };
}

function gather(pairs: readonly UserProperty[]): Record<string, string | readonly string[]> {
  const values = new Map<string, string[]>();
  for (const [name, value] of pairs) values.set(name, [...(values.get(name) ?? []), value]);
  return Object.fromEntries(
    [...values].map(([name, all]) => [name, all.length === 1 ? (all[0] ?? "") : all]),
  );
}

function spread(userProperties: Readonly<Record<string, string | readonly string[]>>): UserProperty[] {
  return Object.entries(userProperties).flatMap(([name, value]): UserProperty[] =>
    typeof value === "string" ? [[name, value]] : value.map((each): UserProperty => [name, each]),
  );
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isBase64(value: unknown): value is string {
  return isText(value) && Buffer.from(value, "base64").toString("base64") === value;
}

/** What four bytes can say; narrower properties are checked by the codec. */
function isInteger(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff;
}

function isUserProperties(value: unknown): value is Record<string, string | readonly string[]> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((each) => isText(each) || (Array.isArray(each) && each.every(isText)));
}
