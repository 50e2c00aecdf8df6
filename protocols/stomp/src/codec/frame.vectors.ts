import type { FrameHeader, Version } from "./frame.ts";

export interface FrameVector {
  /** The clause of the specification, and what it says. */
  readonly name: string;
  readonly version: Version | undefined;
  readonly wire: string | Buffer;
  readonly command: string;
  readonly headers: readonly FrameHeader[];
  readonly body: string | Buffer;
}

/** Frames as the specifications print them, and the corners of their grammar. "^@" there is "\0" here. */
export const frames: readonly FrameVector[] = [
  {
    name: "STOMP 1.0, CONNECT: padded values lose their padding",
    version: undefined,
    wire: "CONNECT\nlogin: <username>\npasscode:<passcode>\n\n\0",
    command: "CONNECT",
    headers: [
      ["login", "<username>"],
      ["passcode", "<passcode>"],
    ],
    body: "",
  },
  {
    name: "STOMP 1.2, Connecting: CONNECT",
    version: undefined,
    wire: "CONNECT\naccept-version:1.2\nhost:stomp.github.org\n\n\0",
    command: "CONNECT",
    headers: [
      ["accept-version", "1.2"],
      ["host", "stomp.github.org"],
    ],
    body: "",
  },
  {
    name: "STOMP 1.2, Value Encoding: CONNECT is not escaped, and not trimmed once it names a version",
    version: undefined,
    wire: "CONNECT\r\naccept-version:1.2\r\npasscode: a\\cb:c\\n \r\n\r\n\0",
    command: "CONNECT",
    headers: [
      ["accept-version", "1.2"],
      ["passcode", " a\\cb:c\\n "],
    ],
    body: "",
  },
  {
    name: "STOMP 1.2, SEND",
    version: "1.2",
    wire: "SEND\ndestination:/queue/a\ncontent-type:text/plain\n\nhello queue a\n\0",
    command: "SEND",
    headers: [
      ["destination", "/queue/a"],
      ["content-type", "text/plain"],
    ],
    body: "hello queue a\n",
  },
  {
    name: "STOMP 1.2, Header content-length: NUL octets within the body",
    version: "1.2",
    wire: Buffer.from("SEND\ndestination:/queue/a\ncontent-length:5\n\na\0b\0c\0"),
    command: "SEND",
    headers: [
      ["destination", "/queue/a"],
      ["content-length", "5"],
    ],
    body: "a\0b\0c",
  },
  {
    name: "STOMP 1.2, Header content-length: an empty body",
    version: "1.2",
    wire: "SEND\ndestination:/queue/a\ncontent-length:0\n\n\0",
    command: "SEND",
    headers: [
      ["destination", "/queue/a"],
      ["content-length", "0"],
    ],
    body: "",
  },
  {
    name: "STOMP 1.2, Repeated Header Entries: all are kept, in order",
    version: "1.2",
    wire: "MESSAGE\nfoo:World\nfoo:Hello\n\n\0",
    command: "MESSAGE",
    headers: [
      ["foo", "World"],
      ["foo", "Hello"],
    ],
    body: "",
  },
  {
    name: "STOMP 1.2, Value Encoding: all four escapes, in names and values",
    version: "1.2",
    wire: "SEND\na\\cb:\\r\\n\\c\\\\\n\n\0",
    command: "SEND",
    headers: [["a:b", "\r\n:\\"]],
    body: "",
  },
  {
    name: "STOMP 1.2, Value Encoding: an escaped backslash before a letter is no escape",
    version: "1.2",
    wire: "SEND\na:\\\\n\\\\c\n\n\0",
    command: "SEND",
    headers: [["a", "\\n\\c"]],
    body: "",
  },
  {
    name: "STOMP 1.2, Value Encoding: spaces are part of the header",
    version: "1.2",
    wire: "SEND\n a : b \n\n\0",
    command: "SEND",
    headers: [[" a ", " b "]],
    body: "",
  },
  {
    name: "STOMP 1.2, Augmented BNF: CR LF ends lines, mixed with LF",
    version: "1.2",
    wire: "SEND\r\na:b\nc:d\r\n\r\nbody\r\n\0",
    command: "SEND",
    headers: [
      ["a", "b"],
      ["c", "d"],
    ],
    body: "body\r\n",
  },
  {
    name: "STOMP 1.2, Augmented BNF: a header without a value; a colon that was not escaped",
    version: "1.2",
    wire: "SEND\na:\nb:c:d\n\n\0",
    command: "SEND",
    headers: [
      ["a", ""],
      ["b", "c:d"],
    ],
    body: "",
  },
  {
    name: "STOMP 1.2, Value Encoding: headers are UTF-8",
    version: "1.2",
    wire: "SEND\nключ:значение €😀\n\n\0",
    command: "SEND",
    headers: [["ключ", "значение €😀"]],
    body: "",
  },
  {
    name: "STOMP 1.1, Value Encoding: three escapes",
    version: "1.1",
    wire: "SEND\na\\cb:\\n\\c\\\\\n\n\0",
    command: "SEND",
    headers: [["a:b", "\n:\\"]],
    body: "",
  },
  {
    name: "STOMP 1.1, Augmented BNF: CR is an ordinary octet of a header",
    version: "1.1",
    wire: "SEND\na:b\r\n\n\0",
    command: "SEND",
    headers: [["a", "b\r"]],
    body: "",
  },
  {
    name: "STOMP 1.1: a client that ends its lines with CR LF is understood",
    version: "1.1",
    wire: "SEND\r\ndestination:/queue/a\r\n\r\n\0",
    command: "SEND",
    headers: [["destination", "/queue/a"]],
    body: "",
  },
  {
    name: "STOMP 1.0: no escapes, padding in front is taken off",
    version: "1.0",
    wire: "SUBSCRIBE\ndestination: /queue/foo\nack: client\nx:a\\nb\\q\n\n\0",
    command: "SUBSCRIBE",
    headers: [
      ["destination", "/queue/foo"],
      ["ack", "client"],
      ["x", "a\\nb\\q"],
    ],
    body: "",
  },
  {
    name: "STOMP 1.0: padded content-length",
    version: "1.0",
    wire: "SEND\ncontent-length: 3 \n\na\0b\0",
    command: "SEND",
    headers: [["content-length", "3 "]],
    body: "a\0b",
  },
  {
    name: "STOMP 1.2, STOMP Frames: a frame without headers",
    version: "1.2",
    wire: "DISCONNECT\n\n\0",
    command: "DISCONNECT",
    headers: [],
    body: "",
  },
  {
    name: "a NUL too many before a frame, as some clients send it, is skipped",
    version: "1.2",
    wire: "\n\0\0\nBEGIN\n\n\0",
    command: "BEGIN",
    headers: [],
    body: "",
  },
  {
    name: "an unknown command is a frame all the same, so that its receipt can be answered",
    version: "1.2",
    wire: "FLY\nreceipt:1\n\n\0",
    command: "FLY",
    headers: [["receipt", "1"]],
    body: "",
  },
];

export interface RefusedVector {
  readonly name: string;
  readonly version: Version | undefined;
  readonly wire: string | Buffer;
  readonly code: "malformed" | "too-large";
  /** Part of the message that names what is at fault. */
  readonly names: string;
  /** The receipt that the ERROR should repeat. */
  readonly receipt?: string;
}

/** Limits that `refused` is tried with. */
export const smallLimits = {
  maxHeaderCount: 4,
  maxHeaderLineBytes: 64,
  maxHeadBytes: 128,
  maxBodyBytes: 16,
};

export const refused: readonly RefusedVector[] = [
  {
    name: "STOMP 1.2, Value Encoding: an undefined escape",
    version: "1.2",
    wire: "SEND\nreceipt:r1\nfoo:a\\tb\n\n\0",
    code: "malformed",
    names: "header foo has the escape \\t",
    receipt: "r1",
  },
  {
    name: "STOMP 1.2, Value Encoding: an undefined escape in a name",
    version: "1.2",
    wire: "SEND\nfo\\o:ab\n\n\0",
    code: "malformed",
    names: "fo\\o",
  },
  {
    name: "STOMP 1.2, Value Encoding: a backslash at the end",
    version: "1.2",
    wire: "SEND\nfoo:ab\\\n\n\0",
    code: "malformed",
    names: "foo",
  },
  {
    name: "STOMP 1.1, Value Encoding: \\r is undefined",
    version: "1.1",
    wire: "SEND\nfoo:a\\rb\nreceipt:a\\cb\n\n\0",
    code: "malformed",
    names: "header foo has the escape \\r",
    receipt: "a:b",
  },
  {
    name: "STOMP 1.2, Augmented BNF: a header without a colon",
    version: "1.2",
    wire: "SEND\nreceipt:7\ndestination\n\n\0",
    code: "malformed",
    names: '"destination" has no colon',
    receipt: "7",
  },
  {
    name: "STOMP 1.2, Augmented BNF: a header without a name",
    version: "1.2",
    wire: "SEND\n:x\n\n\0",
    code: "malformed",
    names: '":x" has no name',
  },
  {
    name: "STOMP 1.2, STOMP Frames: no blank line before the end",
    version: "1.2",
    wire: "SEND\nreceipt:r\n\0",
    code: "malformed",
    names: "blank line",
  },
  {
    name: "bytes of another protocol, before their end is seen",
    version: undefined,
    wire: Buffer.from("16030100f8010000f40303".repeat(4), "hex"),
    code: "malformed",
    names: "no STOMP command",
  },
  {
    name: "STOMP 1.2, Header content-length: a content-length that ends before the body does",
    version: "1.2",
    wire: "SEND\ncontent-length:3\nreceipt:r\n\nhello\0",
    code: "malformed",
    names: "content-length:3",
    receipt: "r",
  },
  ...["", "abc", "-1", "1.5", "0x10", "1 2", "9999999999999999", "१"].map((value): RefusedVector => ({
    name: `STOMP 1.2, Header content-length: content-length:${value}`,
    version: "1.2",
    wire: `SEND\ncontent-length:${value}\nreceipt:r\n\nhello\0`,
    code: "malformed",
    names: "content-length",
    receipt: "r",
  })),
  {
    name: "STOMP 1.2, Value Encoding: a header that is not UTF-8",
    version: "1.2",
    wire: Buffer.from("SEND\nfoo:\xff\n\n\0", "latin1"),
    code: "malformed",
    names: "header foo is not UTF-8",
  },
  {
    name: "STOMP 1.2, Value Encoding: a header name that is not UTF-8",
    version: "1.2",
    wire: Buffer.from("SEND\nf\xc3:x\n\n\0", "latin1"),
    code: "malformed",
    names: "a header line is not UTF-8",
  },
  {
    name: "STOMP 1.2, Value Encoding: a command that is not UTF-8",
    version: "1.2",
    wire: Buffer.from("S\xffND\n\n\0", "latin1"),
    code: "malformed",
    names: "command line",
  },
  {
    name: "STOMP 1.2, Size Limits: too many headers",
    version: "1.2",
    wire: "SEND\na:1\nb:2\nc:3\nd:4\ne:5\n",
    code: "too-large",
    names: "more than 4 headers",
  },
  {
    name: "STOMP 1.2, Size Limits: a header line that is too long, before it ends",
    version: "1.2",
    wire: `SEND\nfoo:${"x".repeat(64)}`,
    code: "too-large",
    names: "header line",
  },
  {
    name: "STOMP 1.2, Size Limits: headers that are too long together, before they end",
    version: "1.2",
    wire: `SEND\na:${"x".repeat(60)}\nb:${"x".repeat(60)}\nc:`,
    code: "too-large",
    names: "limit 128",
  },
  {
    name: "STOMP 1.2, Size Limits: a body that is announced too large, before it comes",
    version: "1.2",
    wire: "SEND\ncontent-length:17\nreceipt:r\n\n",
    code: "too-large",
    names: "body of 17 bytes, limit 16",
    receipt: "r",
  },
  {
    name: "STOMP 1.2, Size Limits: a body that grows too large without end",
    version: "1.2",
    wire: "SEND\nreceipt:r\n\n01234567890123456",
    code: "too-large",
    names: "limit 16",
    receipt: "r",
  },
];
