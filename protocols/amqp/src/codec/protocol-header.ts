/** What a client says first, and what we answer when it says something else. AMQP 0-9-1 §4.2.2 */
export const PROTOCOL_HEADER: Uint8Array = Uint8Array.of(0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1);

/** The header of 0-9, which some clients send though they mean 0-9-1. RabbitMQ takes it as such, too. */
const HEADER_0_9 = Uint8Array.of(0x41, 0x4d, 0x51, 0x50, 1, 1, 0, 9);

/**
 * What the first bytes of a connection are.
 *
 * "other" as soon as they cannot become a header that we speak; "incomplete" until then.
 */
export function matchProtocolHeader(bytes: Uint8Array): "0-9-1" | "other" | "incomplete" {
  if (!beginsAlike(bytes, PROTOCOL_HEADER) && !beginsAlike(bytes, HEADER_0_9)) return "other";
  return bytes.length < PROTOCOL_HEADER.length ? "incomplete" : "0-9-1";
}

function beginsAlike(bytes: Uint8Array, header: Uint8Array): boolean {
  const length = Math.min(bytes.length, header.length);
  for (let at = 0; at < length; at++) if (bytes[at] !== header[at]) return false;
  return true;
}
