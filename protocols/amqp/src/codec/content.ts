import { asBuffer, type ByteWriter } from "@dragoman/core";
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
  /** Flags and property list: a view into the payload. */
  readonly properties: Buffer;
}

/**
 * The payload of a header frame; the properties stay bytes.
 *
 * @throws AmqpError "frame-error" when it is too short, "unexpected-frame" for a weight
 * @see AMQP 0-9-1 §4.2.6.1
 */
export function decodeContentHeader(payload: Uint8Array): ContentHeader {
  if (payload.length < FIXED_BYTES + 2) {
    throw new AmqpError("frame-error", `content header of ${payload.length} bytes`);
  }
  const bytes = asBuffer(payload);
  const weight = bytes.readUInt16BE(2);
  if (weight !== 0) throw new AmqpError("unexpected-frame", `content header with weight ${weight}`);
  return {
    classId: bytes.readUInt16BE(0),
    bodySize: bytes.readUInt32BE(4) * 0x1_0000_0000 + bytes.readUInt32BE(8),
    properties: bytes.subarray(FIXED_BYTES),
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
