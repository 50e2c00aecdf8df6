/** What names a delivery in `ack` and in the `id` of ACK: before STOMP 1.2 it is the end of its message-id. */
export interface TokenNumbers {
  /** The subscription's, in its connection. */
  subscription: number;
  /** The delivery's, in its subscription. */
  delivery: number;
}

const ZERO = 48;
const HYPHEN = 45;
const DOT = 46;
const maxDigits = 15;

/** Reads `1-2` or `anything.1-2` into `numbers`; false when it is neither. */
export function tokenAt(bytes: Uint8Array, start: number, end: number, numbers: TokenNumbers): boolean {
  const deliveryAt = startOfDigits(bytes, start, end);
  if (deliveryAt === end || deliveryAt === start || bytes[deliveryAt - 1] !== HYPHEN) return false;
  const subscriptionAt = startOfDigits(bytes, start, deliveryAt - 1);
  if (subscriptionAt === deliveryAt - 1) return false;
  if (subscriptionAt > start && bytes[subscriptionAt - 1] !== DOT) return false;
  numbers.subscription = valueOf(bytes, subscriptionAt, deliveryAt - 1);
  numbers.delivery = valueOf(bytes, deliveryAt, end);
  return true;
}

/** Where the digits begin that end there; no more of them than stay exact. */
function startOfDigits(bytes: Uint8Array, start: number, end: number): number {
  let at = end;
  while (at > start && end - at < maxDigits && isDigit(bytes[at - 1] ?? 0)) at--;
  return at;
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= ZERO + 9;
}

function valueOf(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) value = value * 10 + (bytes[at] ?? 0) - ZERO;
  return value;
}
