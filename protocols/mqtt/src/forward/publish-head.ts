/** The largest packet that can be read here, in bytes: its remaining length takes two. Larger ones gain nothing. */
export const largestReadable: number = 1 + 2 + 16_383;

/** Where the parts of a PUBLISH packet lie, read where it lies in its chunk. One object for any number of packets. */
export class PublishHead {
  topicStart = 0;
  /** Of QoS 1 and 2, the packet identifier stands here. */
  topicEnd = 0;
  /** Where a property list begins, in MQTT 5.0. */
  propertiesAt = 0;
  /** Offset behind the packet. */
  end = 0;

  /**
   * Reads the head of the ordinary PUBLISH that begins at `at`. False when it is not whole, not sound, or larger than
   * `largestReadable`.
   */
  read(bytes: Buffer, at: number): boolean {
    if (bytes.length - at < shortestPacket) return false;
    const short = byteAt(bytes, at + 1);
    const body = short < 0x80 ? at + 2 : at + 3;
    const length = short < 0x80 ? short : longLength(short, byteAt(bytes, at + 2));
    if (length < 0) return false;
    this.end = body + length;
    this.topicStart = body + 2;
    this.topicEnd = this.topicStart + uint16At(bytes, body);
    this.propertiesAt = this.topicEnd + (byteAt(bytes, at) === publishOf[0] ? 0 : 2);
    return this.end <= bytes.length && this.propertiesAt <= this.end;
  }
}

/** A remaining length of two bytes, and the length of a topic: enough to read. */
const shortestPacket = 5;

/** First bytes of an ordinary PUBLISH, neither retained nor repeated, by its QoS. */
export const publishOf = [0x30, 0x32, 0x34] as const;

/** The offsets are within the bytes. */
export function uint16At(bytes: Buffer, at: number): number {
  return (byteAt(bytes, at) << 8) | byteAt(bytes, at + 1);
}

/** A remaining length of two bytes; -1 when it has more, or fewer would do. */
function longLength(low: number, high: number): number {
  return high > 0x7f || high === 0 ? -1 : (low & 0x7f) | (high << 7);
}

function byteAt(bytes: Buffer, at: number): number {
  return bytes[at] ?? 0;
}
