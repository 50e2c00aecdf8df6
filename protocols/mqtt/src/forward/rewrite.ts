import { putVariableByteInteger } from "../codec/variable-byte-integer.ts";
import { PublishHead } from "./publish-head.ts";

/** Bytes that a packet can gain: the property list's length, and one more for its own. */
export const rewriteGrowth = 2;

/**
 * A run of packets of QoS 0 for clients of the other side of MQTT 5.0: those of 3.1.1 get the empty property list
 * that 5.0 asks for, those of 5.0 lose theirs.
 *
 * @param bytes nothing but `count` packets that a `PublishHead` can read
 */
export function rewrite(bytes: Buffer, hasProperties: boolean, count: number): Buffer {
  const change = hasProperties ? -1 : 1;
  const rewritten = Buffer.allocUnsafe(bytes.length + rewriteGrowth * count);
  const head = new PublishHead();
  let to = 0;
  for (let at = 0; head.read(bytes, at); at = head.end) {
    const { topicStart, topicEnd, end } = head;
    const body = topicStart - 2;
    rewritten[to] = bytes[at] ?? 0;
    to = putVariableByteInteger(rewritten, to + 1, end - body + change);
    to += bytes.copy(rewritten, to, body, topicEnd);
    if (!hasProperties) rewritten[to++] = 0;
    to += bytes.copy(rewritten, to, hasProperties ? topicEnd + 1 : topicEnd, end);
  }
  return rewritten.subarray(0, to);
}
