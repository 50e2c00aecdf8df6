/** The versions of STOMP that we speak; they differ in escaping, trimming and line ends. */
export type Version = "1.0" | "1.1" | "1.2";

export const supportedVersions: readonly Version[] = ["1.0", "1.1", "1.2"];

/** One header line, unescaped. */
export type FrameHeader = readonly [name: string, value: string];

/** Header lines in the order in which they came; a name may stand there more than once. */
export type FrameHeaders = readonly FrameHeader[];

/**
 * A frame as it lies on the wire, cut out but not looked into.
 *
 * Head and body are views into the received chunk, or copies when they came in pieces.
 */
export interface RawFrame {
  /** From the first byte of the command to the blank line, line ends included. */
  readonly head: Buffer;
  /** What follows the blank line, without the closing NUL. */
  readonly body: Buffer;
  /** The body is a copy and may be kept; otherwise it lasts as long as the chunk. */
  readonly ownsBody: boolean;
}

/** A frame whose command and headers were read. It keeps the bytes it came in, so that they can leave again. */
export interface Frame extends RawFrame {
  /** Any word; whether it is a command that is allowed here is the connection's business. */
  readonly command: string;
  readonly headers: FrameHeaders;
}

/**
 * The value of that header, or undefined. Of repeated headers the first one counts (STOMP 1.2, Repeated
 * Header Entries).
 */
export function headerOf(headers: FrameHeaders, name: string): string | undefined {
  for (const header of headers) if (header[0] === name) return header[1];
  return undefined;
}

/**
 * The header lines of a frame as they came, without command line and blank line: what a message can be
 * forwarded with to a receiver of the same version, without being encoded again. A view.
 */
export function headerLines(frame: RawFrame): Buffer {
  const { head } = frame;
  const blankLine = head.at(-2) === CR ? 2 : 1;
  return head.subarray(head.indexOf(LF) + 1, head.length - blankLine);
}

const LF = 10;
const CR = 13;
