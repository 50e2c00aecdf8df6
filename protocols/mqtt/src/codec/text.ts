import { isUtf8 } from "node:buffer";
import { BrokerError, type ByteReader, type ByteWriter } from "@dragoman/core";

/** MQTT 5.0 §1.5.4 and §1.5.6: what a two-byte length can say. */
export const maxTextBytes = 65_535;

/**
 * Reads a UTF-8 Encoded String, such as a Content Type [MQTT-3.3.2-19]. A byte order mark is text like any other [MQTT-1.5.4-3], MQTT 3.1.1 [MQTT-1.5.3-3].
 *
 * @throws BrokerError "malformed" when it is ill-formed, holds a surrogate [MQTT-1.5.4-1], MQTT 3.1.1 [MQTT-1.5.3-1],
 *   or holds U+0000 [MQTT-1.5.4-2], [MQTT-4.7.3-2], MQTT 3.1.1 [MQTT-1.5.3-2]
 */
export function readText(reader: ByteReader): string {
  const text = reader.utf8(reader.uint16());
  if (text.includes("\0")) throw new BrokerError("malformed", "text holds U+0000 [MQTT-1.5.4-2]");
  return text;
}

/**
 * Reads the name of a client or a user: as `readText`, without control characters, which the specification lets the
 * receiver refuse (MQTT 5.0 §1.5.4, MQTT 3.1.1 §1.5.3). Topics may hold them: destinations of other protocols do.
 *
 * @throws BrokerError "malformed" also when there is one of U+0001 to U+001F or of U+007F to U+009F
 */
export function readName(reader: ByteReader): string {
  const name = readText(reader);
  if (/\p{Cc}/u.test(name)) throw new BrokerError("malformed", "a name holds a control character, §1.5.4");
  return name;
}

/** Passes over a UTF-8 Encoded String with `readText`'s checks, without making a string of it. */
export function skipText(reader: ByteReader): void {
  const bytes = reader.take(reader.uint16());
  if (!isUtf8(bytes)) throw new BrokerError("malformed", "text is not UTF-8 [MQTT-1.5.4-1]");
  if (bytes.includes(0)) throw new BrokerError("malformed", "text holds U+0000 [MQTT-1.5.4-2]");
}

/** Reads Binary Data: a view into the packet, not a copy. */
export function readBinary(reader: ByteReader): Buffer {
  return reader.take(reader.uint16());
}

/** @throws BrokerError "too-large" when the text takes more than 65 535 bytes */
export function writeText(writer: ByteWriter, text: string): void {
  const byteCount = Buffer.byteLength(text);
  checkFits(byteCount);
  writer.uint16(byteCount).utf8(text);
}

/** @throws BrokerError "too-large" when there are more than 65 535 bytes */
export function writeBinary(writer: ByteWriter, bytes: Uint8Array): void {
  checkFits(bytes.length);
  writer.uint16(bytes.length).bytes(bytes);
}

function checkFits(byteCount: number): void {
  if (byteCount > maxTextBytes) {
    throw new BrokerError("too-large", `field of ${byteCount} bytes, limit ${maxTextBytes}, §1.5.4`);
  }
}
