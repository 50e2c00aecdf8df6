/**
 * A body begins with its publisher (3 characters) and its number (5), 6 bits in each, so that it is plain
 * text in every protocol and takes a few shifts to read.
 */
export const sequenceBytes = 8;

const BASE = 0x30;

export function putPublisher(bytes: Uint8Array, at: number, publisher: number): void {
  bytes[at] = BASE + ((publisher >> 12) & 63);
  bytes[at + 1] = BASE + ((publisher >> 6) & 63);
  bytes[at + 2] = BASE + (publisher & 63);
}

export function putSequence(bytes: Uint8Array, at: number, sequence: number): void {
  bytes[at + 3] = BASE + ((sequence >> 24) & 63);
  bytes[at + 4] = BASE + ((sequence >> 18) & 63);
  bytes[at + 5] = BASE + ((sequence >> 12) & 63);
  bytes[at + 6] = BASE + ((sequence >> 6) & 63);
  bytes[at + 7] = BASE + (sequence & 63);
}

export function publisherAt(bytes: Uint8Array, at: number): number {
  return (digit(bytes, at) << 12) | (digit(bytes, at + 1) << 6) | digit(bytes, at + 2);
}

export function sequenceAt(bytes: Uint8Array, at: number): number {
  return (
    (digit(bytes, at + 3) << 24) |
    (digit(bytes, at + 4) << 18) |
    (digit(bytes, at + 5) << 12) |
    (digit(bytes, at + 6) << 6) |
    digit(bytes, at + 7)
  );
}

function digit(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) - BASE;
}
