/** What goes to the system in one piece. */
export interface Part {
  readonly bytes: Uint8Array;
  readonly isText: boolean;
}

/** From this size on bytes are passed on as they are; below, copying them together costs less. */
const LARGE_BYTES = 8192;

const NOTHING: readonly Part[] = [];

/** What was sent during one turn of the loop, in order. */
export class Batch {
  readonly #keepsText: boolean;
  /** Only while there is something: most connections are idle most of the time. */
  #parts: Part[] | undefined;
  #byteCount = 0;

  /** @param keepsText text and other bytes must not be joined */
  constructor(keepsText: boolean) {
    this.#keepsText = keepsText;
  }

  get byteCount(): number {
    return this.#byteCount;
  }

  add(bytes: Uint8Array, isText: boolean): void {
    const part = { bytes, isText: isText && this.#keepsText };
    if (this.#parts === undefined) this.#parts = [part];
    else this.#parts.push(part);
    this.#byteCount += bytes.length;
  }

  /** Everything added since the last call, small neighbours copied into one. */
  take(): readonly Part[] {
    const parts = this.#parts ?? NOTHING;
    this.#parts = undefined;
    this.#byteCount = 0;
    if (parts.length < 2) return parts;
    const joined: Part[] = [];
    let from = 0;
    for (let at = 0; at < parts.length; at = from) {
      from = endOfRun(parts, at);
      joined.push(join(parts, at, from));
    }
    return joined;
  }
}

/** The first part after `start` that cannot be joined to it. */
function endOfRun(parts: readonly Part[], start: number): number {
  const first = parts[start];
  if (first === undefined || first.bytes.length >= LARGE_BYTES) return start + 1;
  let end = start + 1;
  for (let next = parts[end]; next !== undefined; next = parts[++end]) {
    if (next.isText !== first.isText || next.bytes.length >= LARGE_BYTES) break;
  }
  return end;
}

function join(parts: readonly Part[], from: number, to: number): Part {
  const first = parts[from] ?? { bytes: new Uint8Array(), isText: false };
  if (to - from === 1) return first;
  let size = 0;
  for (let at = from; at < to; at++) size += parts[at]?.bytes.length ?? 0;
  const bytes = Buffer.allocUnsafe(size);
  let written = 0;
  for (let at = from; at < to; at++) {
    const part = parts[at];
    if (part === undefined) continue;
    bytes.set(part.bytes, written);
    written += part.bytes.length;
  }
  return { bytes, isText: first.isText };
}
