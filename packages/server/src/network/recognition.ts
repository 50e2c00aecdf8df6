import type { Protocol } from "@dragoman/core";

/** More bytes than any protocol needs to be told from the others. */
const MOST_BYTES = 64;

const HTTP_METHODS = ["GET ", "HEAD ", "POST ", "PUT ", "DELETE ", "OPTIONS ", "PATCH "].map((method) =>
  Buffer.from(method),
);

/** What a peer speaks, by its first bytes. */
export type Recognised<P> = P | "unclear" | "unknown";

/**
 * @param protocols those to choose from, an earlier one before a later one
 * @returns "unclear" when more bytes are needed
 */
export function recognise<P extends Pick<Protocol, "recognises">>(
  firstBytes: Uint8Array,
  protocols: readonly P[],
): Recognised<P> {
  let isUnclear = false;
  for (const protocol of protocols) {
    const verdict = protocol.recognises(firstBytes);
    if (verdict === "yes") return protocol;
    isUnclear ||= verdict === "unclear";
  }
  return isUnclear && firstBytes.length < MOST_BYTES ? "unclear" : "unknown";
}

/** Whether a stream begins with a request of HTTP/1. */
export function recognisesHttp(firstBytes: Uint8Array): ReturnType<Protocol["recognises"]> {
  let isUnclear = false;
  for (const method of HTTP_METHODS) {
    const length = Math.min(method.length, firstBytes.length);
    if (method.compare(firstBytes, 0, length, 0, length) !== 0) continue;
    if (length === method.length) return "yes";
    isUnclear = true;
  }
  return isUnclear ? "unclear" : "no";
}
