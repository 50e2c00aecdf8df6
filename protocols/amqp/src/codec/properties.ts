import { ByteWriter, type Headers } from "@dragoman/core";
import { writeTable } from "./field-table.ts";
import { writeShortString } from "./primitives.ts";

/** The fourteen properties of the basic class. Absent is not the same as empty. AMQP 0-9-1 §1.8 */
export interface BasicProperties {
  readonly contentType?: string | undefined;
  readonly contentEncoding?: string | undefined;
  readonly headers?: Headers | undefined;
  /** 1 transient, 2 persistent */
  readonly deliveryMode?: number | undefined;
  /** 0 to 255 */
  readonly priority?: number | undefined;
  readonly correlationId?: string | undefined;
  readonly replyTo?: string | undefined;
  /** Milliseconds, in digits. */
  readonly expiration?: string | undefined;
  readonly messageId?: string | undefined;
  /** Seconds since 1970. */
  readonly timestamp?: bigint | undefined;
  readonly type?: string | undefined;
  readonly userId?: string | undefined;
  readonly appId?: string | undefined;
  readonly clusterId?: string | undefined;
}

/** @throws BrokerError "too-large" when a text or a header's name has more than 255 bytes */
export function encodeProperties(properties: BasicProperties): Buffer {
  const writer = new ByteWriter();
  const flagsAt = writer.reserve(2);
  const flags =
    (putText(writer, properties.contentType) << 15) |
    (putText(writer, properties.contentEncoding) << 14) |
    (putHeaders(writer, properties.headers) << 13) |
    (putOctet(writer, properties.deliveryMode) << 12) |
    (putOctet(writer, properties.priority) << 11) |
    (putText(writer, properties.correlationId) << 10) |
    (putText(writer, properties.replyTo) << 9) |
    (putText(writer, properties.expiration) << 8) |
    (putText(writer, properties.messageId) << 7) |
    (putTimestamp(writer, properties.timestamp) << 6) |
    (putText(writer, properties.type) << 5) |
    (putText(writer, properties.userId) << 4) |
    (putText(writer, properties.appId) << 3) |
    (putText(writer, properties.clusterId) << 2);
  const bytes = writer.finish();
  bytes.writeUInt16BE(flags, flagsAt);
  return bytes;
}

function putText(writer: ByteWriter, value: string | undefined): number {
  if (value === undefined) return 0;
  writeShortString(writer, value);
  return 1;
}

function putHeaders(writer: ByteWriter, value: Headers | undefined): number {
  if (value === undefined) return 0;
  writeTable(writer, value);
  return 1;
}

function putOctet(writer: ByteWriter, value: number | undefined): number {
  if (value === undefined) return 0;
  writer.uint8(value);
  return 1;
}

function putTimestamp(writer: ByteWriter, value: bigint | undefined): number {
  if (value === undefined) return 0;
  writer.uint64(value);
  return 1;
}
