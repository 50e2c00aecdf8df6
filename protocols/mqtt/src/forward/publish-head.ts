/** Where the parts of a PUBLISH packet lie, read where it lies in its chunk. One object for any number of packets. */
export class PublishHead {
  topicStart = 0;
  topicEnd = 0;
  /** Offset behind the packet. */
  end = 0;

  /**
   * Reads the head of the packet that begins at `at`. False when it is not whole, not sound, or larger than 16 KiB:
   * large packets gain nothing here.
   */
  read(bytes: Buffer, at: number): boolean {
    if (bytes.length - at < shortestPacket) return false;
    const short = byteAt(bytes, at + 1);
    const body = short < 0x80 ? at + 2 : at + 3;
    const length = short < 0x80 ? short : longLength(short, byteAt(bytes, at + 2));
    if (length < 0) return false;
    this.end = body + length;
    this.topicStart = body + 2;
    this.topicEnd = this.topicStart + ((byteAt(bytes, body) << 8) | byteAt(bytes, body + 1));
    return this.end <= bytes.length && this.topicEnd <= this.end;
  }
}

/** A remaining length of two bytes, and the length of a topic: enough to read. */
const shortestPacket = 5;

/** A remaining length of two bytes; -1 when it has more, or fewer would do. */
function longLength(low: number, high: number): number {
  return high > 0x7f || high === 0 ? -1 : (low & 0x7f) | (high << 7);
}

/** The offset is within the bytes. */
function byteAt(bytes: Buffer, at: number): number {
  return bytes[at] ?? 0;
}
