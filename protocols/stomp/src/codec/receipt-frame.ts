const SPACE = 32;
const COLON = 58;
const BACKSLASH = 92;
const DELETE = 127;

const start = Buffer.from("RECEIPT\nreceipt-id:");
const end = Buffer.from("\n\n\0");

/** A longer identifier is no number of a client's. */
const maxPlainLength = 64;

/**
 * Bytes of the RECEIPT with that identifier, if the identifier looks the same on the wire in every version; 0 when it
 * may not, and has to be encoded.
 */
export function plainReceiptBytes(receipt: string): number {
  if (receipt.length > maxPlainLength) return 0;
  for (let i = 0; i < receipt.length; i++) {
    const code = receipt.charCodeAt(i);
    if (code <= SPACE || code >= DELETE || code === COLON || code === BACKSLASH) return 0;
  }
  return start.length + receipt.length + end.length;
}

/** Writes a RECEIPT for which there is room: a third of the time that it takes to encode and copy one. */
export function writePlainReceipt(receipt: string, target: Uint8Array, at: number): void {
  target.set(start, at);
  const idAt = at + start.length;
  for (let i = 0; i < receipt.length; i++) target[idAt + i] = receipt.charCodeAt(i);
  target.set(end, idAt + receipt.length);
}
