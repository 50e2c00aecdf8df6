import { FRAME_END, FRAME_METHOD } from "./constants.generated.ts";
import { basicAck, basicNack } from "./methods/basic.generated.ts";

/** A whole frame of basic.ack or basic.nack: both have a delivery tag and one octet of bits. */
export const ACKNOWLEDGEMENT_BYTES = 21;

const PAYLOAD_BYTES = 13;
const TWO_TO_32 = 0x1_0000_0000;

/** Class and method number in one. */
export const BASIC_ACK: number = basicAck.classId * 0x1_0000 + basicAck.methodId;
export const BASIC_NACK: number = basicNack.classId * 0x1_0000 + basicNack.methodId;

/**
 * True when a whole frame of that method lies at `at`, where there are at least ACKNOWLEDGEMENT_BYTES.
 *
 * @param method BASIC_ACK or BASIC_NACK
 */
export function isAcknowledgement(bytes: DataView, at: number, channel: number, method: number): boolean {
  return (
    bytes.getUint8(at) === FRAME_METHOD &&
    bytes.getUint16(at + 1) === channel &&
    bytes.getUint32(at + 3) === PAYLOAD_BYTES &&
    bytes.getUint32(at + 7) === method &&
    bytes.getUint8(at + 20) === FRAME_END
  );
}

export function deliveryTagAt(bytes: DataView, at: number): number {
  return bytes.getUint32(at + 11) * TWO_TO_32 + bytes.getUint32(at + 15);
}

/** Also what the tag's predecessors wait for. */
export function isMultipleAt(bytes: DataView, at: number): boolean {
  return (bytes.getUint8(at + 19) & 1) !== 0;
}

/** Of a basic.nack. */
export function isRequeueAt(bytes: DataView, at: number): boolean {
  return (bytes.getUint8(at + 19) & 2) !== 0;
}
