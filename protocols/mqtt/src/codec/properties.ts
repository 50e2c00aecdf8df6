import { BrokerError, ByteReader, ByteWriter } from "@dragoman/core";
import {
  type MutableProperties,
  properties as propertyTable,
  type Properties,
  type Property,
  type PropertyPlace,
} from "./property.ts";
import { readVariableByteInteger, writeVariableByteInteger } from "./variable-byte-integer.ts";

const noProperties: Properties = {};
const noBytes = Buffer.alloc(0);

const byId: (Property | undefined)[] = [];
for (const property of propertyTable) byId[property.id] = property;

/** The table's line for an identifier; undefined when there is none. */
export function propertyById(id: number): Property | undefined {
  return byId[id];
}

/**
 * Reads the Property Length and the properties behind it.
 *
 * @throws BrokerError "malformed" for a property that this packet cannot have or bytes that are no property, §2.2.2.2;
 *   "protocol-violation" for one that comes twice or has a value out of range
 */
export function readProperties(reader: ByteReader, place: PropertyPlace): Properties {
  const byteCount = readVariableByteInteger(reader);
  return byteCount === 0 ? noProperties : decodeProperties(reader.take(byteCount), place);
}

/** The properties in bytes that have no length in front, with the checks of `readProperties`. */
export function decodeProperties(bytes: Uint8Array, place: PropertyPlace): Properties {
  const found: MutableProperties = {};
  walk(bytes, place, (property, reader) => property.read(reader, found));
  return found;
}

/** Checks properties as `readProperties` does, and gives back their bytes (a view) instead of their values. */
export function readPropertyBytes(reader: ByteReader, place: PropertyPlace): Buffer {
  const byteCount = readVariableByteInteger(reader);
  if (byteCount === 0) return noBytes;
  const bytes = reader.take(byteCount);
  walk(bytes, place, (property, inner) => property.skip(inner));
  return bytes;
}

/** Writes length and properties: a zero when there are none [MQTT-2.2.2-1]. */
export function writeProperties(writer: ByteWriter, values: Properties): void {
  const bytes = encodeProperties(values);
  writeVariableByteInteger(writer, bytes.length);
  writer.bytes(bytes);
}

/** The properties' bytes without a length in front. */
export function encodeProperties(values: Properties): Buffer {
  const writer = new ByteWriter(64);
  for (const property of propertyTable) property.write(writer, values);
  return writer.finish();
}

function walk(
  bytes: Uint8Array,
  place: PropertyPlace,
  visit: (property: Property, reader: ByteReader) => void,
): void {
  const reader = new ByteReader(bytes);
  // Identifiers are below 64: two words hold which of them came.
  let seenLow = 0;
  let seenHigh = 0;
  while (reader.left > 0) {
    const property = readIdentifier(reader, place);
    const bit = 1 << (property.id & 31);
    const seen = property.id < 32 ? seenLow : seenHigh;
    if ((seen & bit) !== 0 && !property.repeatableIn.includes(place)) {
      throw new BrokerError("protocol-violation", `${property.name} comes twice in a ${place}, §2.2.2.2`);
    }
    if (property.id < 32) seenLow |= bit;
    else seenHigh |= bit;
    visit(property, reader);
  }
}

function readIdentifier(reader: ByteReader, place: PropertyPlace): Property {
  const id = readVariableByteInteger(reader);
  const property = byId[id];
  if (property === undefined)
    throw new BrokerError("malformed", `unknown property 0x${id.toString(16)}, §2.2.2.2`);
  if (!property.places.includes(place)) {
    throw new BrokerError("malformed", `${property.name} in a ${place}, §2.2.2.2`);
  }
  return property;
}
