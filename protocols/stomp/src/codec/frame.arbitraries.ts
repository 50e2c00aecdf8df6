import fc from "fast-check";
import type { FrameHeader, Version } from "./frame.ts";

export interface AnyFrame {
  readonly command: string;
  readonly headers: readonly FrameHeader[];
  readonly body: Buffer;
}

export const anyVersion: fc.Arbitrary<Version> = fc.constantFrom("1.0", "1.1", "1.2");

const bodied = ["SEND", "MESSAGE", "ERROR"] as const;
const bodiless = ["SUBSCRIBE", "UNSUBSCRIBE", "BEGIN", "COMMIT", "ABORT", "ACK", "NACK", "RECEIPT"] as const;

/** Header text that often holds what must be escaped. */
const anyText = fc
  .array(
    fc.oneof(fc.constantFrom("\n", "\r", ":", "\\", " ", "\\n", "é", "😀"), fc.string({ unit: "binary" })),
    {
      maxLength: 6,
    },
  )
  .map((parts) => parts.join("").replaceAll(/[\0\u{d800}-\u{dfff}]/gu, ""));

/** What that version can carry: 1.0 has no escapes and takes padding off. */
function textFor(version: Version, isName: boolean): fc.Arbitrary<string> {
  if (version !== "1.0") return anyText.filter((text) => !isName || text !== "");
  return anyText
    .map((text) =>
      text
        .replaceAll(/[\r\n]/g, "")
        .trimStart()
        .replaceAll(isName ? ":" : "\n", ""),
    )
    .filter((text) => !isName || text !== "");
}

function headersFor(version: Version): fc.Arbitrary<FrameHeader[]> {
  const name = fc
    .oneof(fc.constantFrom("destination", "id", "receipt"), textFor(version, true))
    .filter((text) => text !== "content-length");
  return fc.array(fc.tuple(name, textFor(version, false)), { maxLength: 6 });
}

const anyBody = fc.oneof(
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  fc.nat(9_000).map((length) => Buffer.alloc(length, "body with \0 and \n")),
);

export function anyFrame(version: Version): fc.Arbitrary<AnyFrame> {
  return fc.oneof(
    fc.record({ command: fc.constantFrom(...bodied), headers: headersFor(version), body: anyBody }),
    fc.record({
      command: fc.constantFrom(...bodiless),
      headers: headersFor(version),
      body: fc.constant(Buffer.alloc(0)),
    }),
  );
}

/** The bytes, cut at the given places (taken modulo the length). */
export function cutAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const cuts = [...new Set(places.map((place) => place % (bytes.length + 1)))].toSorted((a, b) => a - b);
  return [0, ...cuts].map((start, index) => bytes.subarray(start, cuts[index] ?? bytes.length));
}
