import { BrokerError, type ByteReader, type ByteWriter } from "@dragoman/core";

/** MQTT 5.0 §1.5.5: four groups of seven bits. */
export const maxVariableByteInteger = 268_435_455;

/**
 * Reads a length or identifier inside an MQTT 5.0 packet.
 *
 * @throws BrokerError "malformed" when it runs over four bytes or is longer than needed [MQTT-1.5.5-1]
 */
export function readVariableByteInteger(reader: ByteReader): number {
  let value = 0;
  for (let shift = 0; shift < 28; shift += 7) {
    const byte = reader.uint8();
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      if (byte === 0 && shift > 0) {
        throw new BrokerError("malformed", "variable byte integer is longer than needed [MQTT-1.5.5-1]");
      }
      return value;
    }
  }
  throw new BrokerError("malformed", "variable byte integer over four bytes, §1.5.5");
}

/** Writes a value of 0 to 268 435 455 in as few bytes as can hold it [MQTT-1.5.5-1]. */
export function writeVariableByteInteger(writer: ByteWriter, value: number): void {
  let rest = value;
  while (rest > 0x7f) {
    writer.uint8((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  writer.uint8(rest);
}

/** Bytes that a value takes, 1 to 4. */
export function variableByteIntegerSize(value: number): number {
  if (value < 128) return 1;
  if (value < 16_384) return 2;
  return value < 2_097_152 ? 3 : 4;
}

/** Writes a value at an offset; returns the offset behind it. */
export function putVariableByteInteger(bytes: Buffer, at: number, value: number): number {
  let next = at;
  let rest = value;
  while (rest > 0x7f) {
    bytes[next++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[next++] = rest;
  return next;
}
