import type { Address } from "./address.ts";
import type { Properties, PropertyCodec } from "./properties.ts";
import { decodeRecord, encodeRecord } from "./record.ts";
import { Topic } from "./topic.ts";

/** Where an answer goes, as it is stored. */
type AddressRecord =
  | { readonly kind: "topic"; readonly path: string }
  | { readonly kind: "queue"; readonly name: string }
  | { readonly kind: "exchange"; readonly exchange: string; readonly path: string };

interface PropertiesRecord extends Omit<Properties, "replyTo"> {
  readonly replyTo?: { readonly raw: string; readonly address: AddressRecord | undefined } | undefined;
}

/** For messages that the broker or the library makes: their properties in the core's own record. */
export const CORE_PROPERTIES: PropertyCodec = {
  protocol: "core",
  version: "1",
  decode(raw) {
    if (raw.length === 0) return { headers: [] };
    const { replyTo, ...rest } = decodeRecord<PropertiesRecord>(raw);
    if (replyTo === undefined) return rest;
    return { ...rest, replyTo: { raw: replyTo.raw, address: replyTo.address && toAddress(replyTo.address) } };
  },
};

/** The bytes that `CORE_PROPERTIES` decodes. */
export function encodeCoreProperties(properties: Properties): Uint8Array {
  const { replyTo, ...rest } = properties;
  const record: PropertiesRecord =
    replyTo === undefined
      ? rest
      : { ...rest, replyTo: { raw: replyTo.raw, address: replyTo.address && toRecord(replyTo.address) } };
  return encodeRecord(record);
}

function toRecord(address: Address): AddressRecord {
  switch (address.kind) {
    case "topic":
      return { kind: "topic", path: address.topic.path };
    case "queue":
      return address;
    case "exchange":
      return { kind: "exchange", exchange: address.exchange, path: address.topic.path };
  }
}

function toAddress(record: AddressRecord): Address {
  switch (record.kind) {
    case "topic":
      return { kind: "topic", topic: new Topic(record.path) };
    case "queue":
      return record;
    case "exchange":
      return { kind: "exchange", exchange: record.exchange, topic: new Topic(record.path) };
  }
}
