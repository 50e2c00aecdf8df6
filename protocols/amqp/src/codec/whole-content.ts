import { FRAME_BODY, FRAME_END, FRAME_HEADER } from "./constants.generated.ts";
import { BASIC_CLASS } from "./content.ts";
import { FRAME_HEAD_BYTES, FRAME_OVERHEAD_BYTES } from "./frame-splitter.ts";

/** Class, weight and body size, in front of the properties. */
const FIXED_BYTES = 12;
/** Class and weight in one. */
const CLASS_AND_WEIGHT = BASIC_CLASS * 0x1_0000;

/**
 * The content of a method, when it lies behind it as most do: a header and at most one body frame, all of it in one
 * chunk. Read where it lies, without an object for each.
 *
 * @see AMQP 0-9-1 §4.2.6
 */
export class WholeContent {
  /** Flags and property list. */
  propertiesAt = 0;
  propertiesEnd = 0;
  bodyAt = 0;
  bodyEnd = 0;
  /** Behind the last of its frames. */
  end = 0;

  /**
   * True when there is such a content; false also for all that is wrong with it, which the plain way then says.
   *
   * @param at where the header frame would begin
   * @param end of the bytes that have come
   * @param maxBytes of a frame's payload, and of a body
   */
  read(bytes: DataView, at: number, end: number, channel: number, maxBytes: number): boolean {
    const propertiesAt = at + FRAME_HEAD_BYTES + FIXED_BYTES;
    if (propertiesAt + 2 >= end || bytes.getUint8(at) !== FRAME_HEADER) return false;
    const payloadBytes = bytes.getUint32(at + 3);
    const propertiesEnd = at + FRAME_HEAD_BYTES + payloadBytes;
    if (propertiesEnd < propertiesAt + 2 || propertiesEnd >= end || payloadBytes > maxBytes) return false;
    const bodyBytes = bytes.getUint32(at + 15);
    if (
      bytes.getUint16(at + 1) !== channel ||
      bytes.getUint32(at + 7) !== CLASS_AND_WEIGHT ||
      bytes.getUint32(at + 11) !== 0 ||
      bodyBytes > maxBytes ||
      bytes.getUint8(propertiesEnd) !== FRAME_END
    ) {
      return false;
    }
    this.propertiesAt = propertiesAt;
    this.propertiesEnd = propertiesEnd;
    return this.#body(bytes, propertiesEnd + 1, end, channel, bodyBytes);
  }

  #body(bytes: DataView, at: number, end: number, channel: number, bodyBytes: number): boolean {
    this.bodyAt = at;
    this.bodyEnd = at;
    this.end = at;
    if (bodyBytes === 0) return true;
    this.bodyAt = at + FRAME_HEAD_BYTES;
    this.bodyEnd = this.bodyAt + bodyBytes;
    this.end = at + FRAME_OVERHEAD_BYTES + bodyBytes;
    return (
      this.end <= end &&
      bytes.getUint8(at) === FRAME_BODY &&
      bytes.getUint16(at + 1) === channel &&
      bytes.getUint32(at + 3) === bodyBytes &&
      bytes.getUint8(this.bodyEnd) === FRAME_END
    );
  }
}
