import type { ByteWriter } from "@dragoman/core";
import { AmqpError } from "./amqp-error.ts";
import { FRAME_BODY, FRAME_END, FRAME_HEADER } from "./constants.generated.ts";
import { FRAME_OVERHEAD_BYTES } from "./frame-splitter.ts";

export const BASIC_CLASS = 60;

/** Class, weight and body size, in front of the properties. */
const FIXED_BYTES = 12;

export interface ContentHeader {
  readonly classId: number;
  /** Bytes of body that follow; above 2^53 rounded. */
  readonly bodySize: number;
  /** Where flags and property list begin; they reach to the end of the payload. */
  readonly propertiesAt: number;
}

/**
 * The payload of a header frame, read where it lies; the properties stay bytes.
 *
 * @param start offset of the payload in `bytes`
 * @param end offset behind it
 * @throws AmqpError "frame-error" when it is too short, "unexpected-frame" for a weight
 * @see AMQP 0-9-1 §4.2.6.1
 */
export function decodeContentHeader(bytes: Buffer, start: number, end: number): ContentHeader {
  if (end - start < FIXED_BYTES + 2)
    throw new AmqpError("frame-error", `content header of ${end - start} bytes`);
  const weight = bytes.readUInt16BE(start + 2);
  if (weight !== 0) throw new AmqpError("unexpected-frame", `content header with weight ${weight}`);
  return {
    classId: bytes.readUInt16BE(start),
    bodySize: bytes.readUInt32BE(start + 4) * 0x1_0000_0000 + bytes.readUInt32BE(start + 8),
    propertiesAt: start + FIXED_BYTES,
  };
}

/**
 * Appends the header frame and as many body frames as the limit asks; an empty body has none.
 *
 * The header may pass the limit: it cannot be split, and RabbitMQ sends it as it is ("frame-max, method
 * and content header frames" in its errata).
 *
 * @param properties flags and list
 * @param frameMax bytes of a whole frame; 0 for no limit
 */
export function writeContent(
  writer: ByteWriter,
  channel: number,
  properties: Uint8Array,
  body: Uint8Array,
  frameMax: number,
): void {
  writer.uint8(FRAME_HEADER).uint16(channel);
  writer.uint32(FIXED_BYTES + properties.length);
  writer.uint16(BASIC_CLASS).uint16(0);
  writer.uint32(0).uint32(body.length);
  writer.bytes(properties).uint8(FRAME_END);

  const step = frameMax === 0 ? body.length : frameMax - FRAME_OVERHEAD_BYTES;
  for (let at = 0; at < body.length; at += step) {
    const part = step >= body.length ? body : body.subarray(at, at + step);
    writer.uint8(FRAME_BODY).uint16(channel).uint32(part.length).bytes(part).uint8(FRAME_END);
  }
}
