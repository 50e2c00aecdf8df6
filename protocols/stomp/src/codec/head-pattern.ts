/** Headers whose values differ from frame to frame where all else is the same. */
const varyingNames = ["content-length", "receipt", "id", "message-id"] as const;

/** Their places in `HeadValues`. */
export const varying = { contentLength: 0, receipt: 1, id: 2, messageId: 3 } as const;

const LF = 10;
const BACKSLASH = 92;
const prefixes: readonly Buffer[] = varyingNames.map((name) => Buffer.from(`${name}:`));

/** Longer heads are not compared. */
const maxHeadBytes = 512;
const maxValueBytes = 64;
const maxDigits = 10;

/** Bytes that mean themselves in a header value of every version, whether it is trimmed or not. */
const isPlain: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte > 32 && byte < 127 && byte !== BACKSLASH ? 1 : 0,
);

/** Where the values of varying headers stand in a head that was matched, and where the head ends. */
export class HeadValues {
  readonly starts: number[] = varyingNames.map(() => 0);
  /** 0 when the head has no such header. */
  readonly ends: number[] = varyingNames.map(() => 0);
  end = 0;
}

/**
 * The head of a frame, to be found again by its bytes where other frames differ in the values of varying headers
 * only, and those mean what they look like.
 */
export class HeadPattern {
  /** Everything but the varying values. */
  readonly #fixed: Buffer;
  /** Where in `fixed` the values are left out, and whose they are. */
  readonly #cuts: readonly { readonly at: number; readonly index: number }[];

  private constructor(fixed: Buffer, cuts: readonly { readonly at: number; readonly index: number }[]) {
    this.#fixed = fixed;
    this.#cuts = cuts;
  }

  /** @returns undefined when a head like this may mean something else the next time */
  static of(head: Buffer): HeadPattern | undefined {
    if (head.length > maxHeadBytes || head.includes("\r")) return undefined;
    const pieces: Buffer[] = [];
    const cuts: { readonly at: number; readonly index: number }[] = [];
    let from = 0;
    let fixedBytes = 0;
    for (let at = head.indexOf(LF) + 1; at > 0 && at < head.length; at = head.indexOf(LF, at) + 1) {
      const index = varyingAt(head, at);
      if (index < 0) continue;
      if (cuts.some((cut) => cut.index === index)) return undefined;
      const start = at + (prefixes[index]?.length ?? 0);
      pieces.push(head.subarray(from, start));
      fixedBytes += start - from;
      cuts.push({ at: fixedBytes, index });
      from = head.indexOf(LF, start);
    }
    return new HeadPattern(Buffer.concat([...pieces, head.subarray(from)]), cuts);
  }

  /** True when such a head lies there, whole; then `values` tells about it. */
  match(bytes: Buffer, start: number, values: HeadValues): boolean {
    const fixed = this.#fixed;
    let at = start;
    let from = 0;
    // A call of `fill` takes longer than to match all the rest.
    for (let i = 0; i < values.ends.length; i++) values.ends[i] = 0;
    for (const cut of this.#cuts) {
      if (!areSame(bytes, at, fixed, from, cut.at)) return false;
      at += cut.at - from;
      from = cut.at;
      const end = endOfValue(bytes, at);
      if (end === at || end - at > maxValueBytes) return false;
      values.starts[cut.index] = at;
      values.ends[cut.index] = end;
      at = end;
    }
    values.end = at + fixed.length - from;
    return areSame(bytes, at, fixed, from, fixed.length);
  }
}

/** `fixed` from `from` to `to` stands there. A head is so short that a loop is faster than a call of `compare`. */
function areSame(bytes: Buffer, start: number, fixed: Buffer, from: number, to: number): boolean {
  if (start + to - from > bytes.length) return false;
  for (let at = start, i = from; i < to; at++, i++) if (bytes[at] !== fixed[i]) return false;
  return true;
}

function endOfValue(bytes: Buffer, start: number): number {
  let at = start;
  while (at < bytes.length && isPlain[bytes[at] ?? 0] === 1) at++;
  return at;
}

/**
 * A number for the head that lies there, the same for all that a pattern matches; 0 when it is not whole, or longer
 * than patterns are. Who is matched by it is compared, so nothing depends on how well it spreads.
 */
export function hashOfHead(bytes: Buffer, start: number): number {
  const end = Math.min(bytes.length, start + maxHeadBytes);
  let hash = 0x811c9dc5;
  let at = start;
  while (at < end) {
    if (bytes[at] === LF) return hash | 1;
    const index = varyingAt(bytes, at);
    if (index < 0)
      for (; at < end && bytes[at] !== LF; at++) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);
    else while (at < end && bytes[at] !== LF) at++;
    hash = Math.imul(hash ^ (LF - index), 0x01000193);
    at++;
  }
  return 0;
}

/** Which varying header's line begins there; -1 for none of them. */
function varyingAt(bytes: Buffer, at: number): number {
  for (let index = 0; index < prefixes.length; index++) {
    const prefix = prefixes[index];
    if (prefix === undefined || bytes[at] !== prefix[0]) continue;
    let next = 1;
    while (next < prefix.length && bytes[at + next] === prefix[next]) next++;
    if (next === prefix.length) return index;
  }
  return -1;
}

/** The decimal number that stands there; -1 when it is none, or too long. */
export function numberAt(bytes: Buffer, start: number, end: number): number {
  if (end === start || end - start > maxDigits) return -1;
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = (bytes[at] ?? 0) - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}
