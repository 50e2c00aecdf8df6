import { BrokerError } from "@dragoman/core";

const LF = 10;
const CR = 13;
const SPACE = 32;
const ZERO = 48;
const name = Buffer.from("\ncontent-length:");
/** More digits than any body we could take, few enough to stay exact. */
const maxDigits = 15;

/**
 * The body's length as the head announces it; undefined when the body runs to the first NUL.
 *
 * Read from the bytes, since the frame must be cut before anything else in it is looked at. No escape can hide in
 * this header. Padding is allowed for STOMP 1.0's sake.
 *
 * @throws BrokerError "malformed"
 * @see STOMP 1.2, Header content-length
 */
export function contentLength(head: Buffer): number | undefined {
  const found = head.indexOf(name);
  if (found < 0) return undefined;
  let at = found + name.length;
  while (head[at] === SPACE) at++;
  const start = at;
  let value = 0;
  for (; at - start < maxDigits; at++) {
    const digit = (head[at] ?? 0) - ZERO;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
  }
  while (head[at] === SPACE || head[at] === CR) at++;
  if (at === start || head[at] !== LF || head[start] === CR) {
    throw new BrokerError("malformed", "header content-length is not a number of bytes");
  }
  return value;
}
