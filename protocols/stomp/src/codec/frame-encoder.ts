import type { FrameHeaders, Version } from "./frame.ts";
import { escapeName, escapeValue, escapingOf } from "./header-escape.ts";

const noBytes = Buffer.alloc(0);

/** One line end: what is sent to say "alive" when there is nothing to say (STOMP 1.2, Heart-beating). */
export const heartBeat: Buffer = Buffer.from("\n");

/** The commands that may have a body; they always announce its length (STOMP 1.2, Body and Header content-length). */
const withBody: ReadonlySet<string> = new Set(["SEND", "MESSAGE", "ERROR"]);

/**
 * A whole frame of either side. `content-length` is added to every frame that may have a body.
 *
 * Where the version has no escapes, a header that cannot be written is changed as `escapeName` and `escapeValue`
 * say, so that no value can pass for a header of its own.
 */
export function encodeFrame(
  command: string,
  headers: FrameHeaders,
  version: Version,
  body: Uint8Array = noBytes,
): Buffer {
  const lines = encodeHeaderLines(command, headers, version);
  const length = withBody.has(command) ? `content-length:${body.length}\n` : "";
  const head = `${command}\n${lines}${length}\n`;
  const headBytes = Buffer.byteLength(head);
  const frame = Buffer.allocUnsafe(headBytes + body.length + 1);
  frame.write(head, 0, "utf8");
  frame.set(body, headBytes);
  frame[frame.length - 1] = 0;
  return frame;
}

/** Header lines alone, each with its line end, as a frame of that command carries them. */
export function encodeHeaderLines(command: string, headers: FrameHeaders, version: Version): string {
  const escaping = escapingOf(command, version);
  let lines = "";
  for (const [name, value] of headers) {
    lines += `${escapeName(name, escaping)}:${escapeValue(value, escaping)}\n`;
  }
  return lines;
}
