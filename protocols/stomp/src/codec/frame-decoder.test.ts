import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { BrokerError } from "@dragoman/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { headerLines, headerOf } from "./frame.ts";
import type { Frame, Version } from "./frame.ts";
import { anyFrame, anyVersion, cutAt } from "./frame.arbitraries.ts";
import { FrameDecoder } from "./frame-decoder.ts";
import { encodeFrame } from "./frame-encoder.ts";
import { defaultFrameLimits, type FrameLimits } from "./frame-limits.ts";
import { frames, refused, smallLimits } from "./frame.vectors.ts";

function decoderFor(version: Version | undefined, limits: FrameLimits = defaultFrameLimits): FrameDecoder {
  const decoder = new FrameDecoder(limits);
  decoder.version = version;
  return decoder;
}

/** Vitest shortens `$name`; a conformance table needs the whole of it. */
function named<T extends { readonly name: string }>(vectors: readonly T[]): [string, T][] {
  return vectors.map((vector) => [vector.name, vector]);
}

function pull(decoder: FrameDecoder): Frame[] {
  const pulled: Frame[] = [];
  for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) pulled.push(frame);
  return pulled;
}

function decode(chunks: readonly Uint8Array[], version: Version | undefined, limits?: FrameLimits): Frame[] {
  const decoder = decoderFor(version, limits);
  return chunks.flatMap((chunk) => {
    // Spoiled afterwards: what stays was copied.
    const lent = Buffer.from(chunk);
    decoder.push(lent);
    const pulled = pull(decoder).map((frame) => ({
      ...frame,
      body: frame.ownsBody ? frame.body : Buffer.from(frame.body),
      head: Buffer.from(frame.head),
    }));
    decoder.retain();
    lent.fill(0x58);
    return pulled;
  });
}

/** Pulls everything out of a chunk, which nobody but the decoder may hold on to. */
function readThrough(decoder: FrameDecoder, text: string): WeakRef<Buffer> {
  const chunk = Buffer.from(text);
  decoder.push(chunk);
  pull(decoder);
  decoder.retain();
  return new WeakRef(chunk);
}

function errorOf(act: () => unknown): BrokerError {
  try {
    act();
  } catch (error) {
    if (error instanceof BrokerError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("decoding a frame", () => {
  it.each(named(frames))("%s", (_, { wire, version, command, headers, body }) => {
    const [frame] = decode([Buffer.from(wire)], version);

    expect(frame?.command).toBe(command);
    expect(frame?.headers).toEqual(headers);
    expect(frame?.body).toEqual(Buffer.from(body));
  });

  it.each(named(frames))("byte by byte: %s", (_, { wire, version, command, headers, body }) => {
    const bytes = Buffer.from(wire);
    const [frame] = decode(cutAt(bytes, [...bytes.keys()]), version);

    expect(frame?.command).toBe(command);
    expect(frame?.headers).toEqual(headers);
    expect(frame?.body).toEqual(Buffer.from(body));
  });

  it("takes the first of repeated headers (STOMP 1.2, Repeated Header Entries)", () => {
    const [frame] = decode([Buffer.from("MESSAGE\nfoo:World\nfoo:Hello\n\n\0")], "1.2");

    expect(headerOf(frame?.headers ?? [], "foo")).toBe("World");
    expect(headerOf(frame?.headers ?? [], "bar")).toBeUndefined();
  });

  it("takes many frames from one chunk, with line ends between them (STOMP 1.2, STOMP Frames)", () => {
    const decoder = decoderFor("1.2");
    decoder.push(Buffer.from("\n\r\nBEGIN\n\n\0\n\n\r\nCOMMIT\n\n\0ABORT\n\n\0\n"));

    expect(pull(decoder).map((frame) => frame.command)).toEqual(["BEGIN", "COMMIT", "ABORT"]);
    expect(decoder.eolCount).toBe(6);
  });

  it("uses a version that is set between two frames of one chunk", () => {
    const decoder = decoderFor(undefined);
    decoder.push(Buffer.from("CONNECT\naccept-version:1.2\nhost:a\\cb\n\n\0SEND\nx:a\\cb\n\n\0"));

    const connect = decoder.next();
    decoder.version = "1.2";
    const send = decoder.next();

    expect(headerOf(connect?.headers ?? [], "host")).toBe("a\\cb");
    expect(headerOf(send?.headers ?? [], "x")).toBe("a:b");
  });

  it("keeps chunks that are pushed while frames wait to be pulled", () => {
    const decoder = decoderFor("1.2");
    for (const chunk of ["BEGIN\n\n\0COM", "MIT\n\n\0", "ABORT\n", "\n\0"]) decoder.push(Buffer.from(chunk));

    expect(pull(decoder).map((frame) => frame.command)).toEqual(["BEGIN", "COMMIT", "ABORT"]);
  });

  it("keeps a copy of what is not pulled yet", () => {
    const decoder = decoderFor("1.2");
    const names: (string | undefined)[] = [];
    for (const text of ["BEGIN\n\n\0COMMIT\n\n\0AB", "ORT\n\n\0BEGIN\n\n\0", "COMMIT\n\n\0"]) {
      const chunk = Buffer.from(text);
      decoder.push(chunk);
      names.push(decoder.next()?.command);
      decoder.retain();
      chunk.fill("x");
    }
    names.push(...pull(decoder).map((frame) => frame.command));

    expect(names).toEqual(["BEGIN", "COMMIT", "ABORT", "BEGIN", "COMMIT"]);
  });

  it("lets go of a chunk that is pulled to its end", async () => {
    const decoder = decoderFor("1.2");
    const chunk = readThrough(decoder, "BEGIN\n\n\0");
    await new Promise((resolve) => setImmediate(resolve));
    setFlagsFromString("--expose-gc");
    const collect: unknown = runInNewContext("gc");
    if (typeof collect === "function") collect();

    expect(chunk.deref()).toBeUndefined();
    expect(decoder.next()).toBeUndefined();
  });

  it("gives views into the chunk, not copies", () => {
    const chunk = Buffer.from("SEND\na:b\ncontent-length:2\n\nhi\0");
    const decoder = decoderFor("1.2");
    decoder.push(chunk);
    const frame = decoder.next();
    chunk.fill("x");

    expect(frame?.body.toString()).toBe("xx");
    expect(frame?.head.toString()).toBe("x".repeat(frame?.head.length ?? 0));
    expect(frame?.ownsBody).toBe(false);
  });

  it("keeps the header lines as they came", () => {
    const [frame, crlf] = decode([Buffer.from("SEND\na:b\\c\nc:\n\nhi\0SEND\r\na:b\r\n\r\n\0")], "1.2");

    expect(frame && headerLines(frame).toString()).toBe("a:b\\c\nc:\n");
    expect(crlf && headerLines(crlf).toString()).toBe("a:b\r\n");
  });

  it("joins a large body that comes in pieces", () => {
    const body = Buffer.alloc(1_000_003, "0123456789");
    const wire = encodeFrame("SEND", [["destination", "/queue/a"]], "1.2", body);
    const places = Array.from({ length: 700 }, (_, index) => index * 1_460 + (index % 7));

    const [frame] = decode(cutAt(wire, places), "1.2");

    expect(frame?.body.equals(body)).toBe(true);
  });
});

describe("refusing a frame", () => {
  it.each(named(refused))("%s", (_, { wire, version, code, names, receipt }) => {
    const decoder = decoderFor(version, smallLimits);
    decoder.push(Buffer.from(wire));

    const error = errorOf(() => pull(decoder));

    expect(error.code).toBe(code);
    expect(error.message).toContain(names);
    expect(decoder.failedReceipt()).toBe(receipt);
  });

  it.each(named(refused))("byte by byte: %s", (_, { wire, version, code }) => {
    const bytes = Buffer.from(wire);
    const error = errorOf(() => decode(cutAt(bytes, [...bytes.keys()]), version, smallLimits));

    expect(error.code).toBe(code);
  });

  it("gives no receipt when the receipt itself is at fault", () => {
    const decoder = decoderFor("1.2");
    decoder.push(Buffer.from("SEND\nreceipt:a\\tb\n\n\0"));

    expect(errorOf(() => decoder.next()).code).toBe("malformed");
    expect(decoder.failedReceipt()).toBeUndefined();
  });
});

const places = fc.array(fc.nat(20_000), { maxLength: 30 });

describe("any stream", () => {
  it("gives back what was encoded, wherever it is cut", () => {
    const streams = anyVersion.chain((version) =>
      fc.tuple(fc.constant(version), fc.array(fc.tuple(anyFrame(version), fc.boolean()), { maxLength: 5 })),
    );
    fc.assert(
      fc.property(streams, places, ([version, sent], cuts) => {
        const wire = Buffer.concat(
          sent.map(([frame, eol]) =>
            Buffer.concat([
              encodeFrame(frame.command, frame.headers, version, frame.body),
              Buffer.from(eol ? "\n" : ""),
            ]),
          ),
        );
        const received = decode(cutAt(wire, cuts), version).map((frame) => ({
          command: frame.command,
          headers: frame.headers.filter(([name]) => name !== "content-length"),
          body: frame.body.toString("latin1"),
        }));
        expect(received).toEqual(sent.map(([frame]) => ({ ...frame, body: frame.body.toString("latin1") })));
      }),
      { numRuns: 200 },
    );
  });

  it("of random bytes gives frames or a BrokerError, the same wherever it is cut", () => {
    const pieces = fc.constantFrom(
      ...[
        "SEND\n",
        "destination:/queue/a\n",
        "content-length:3\n",
        "\n",
        "\0",
        "\r\n",
        "a:\\c\n",
        "x",
        ":",
        "\\",
      ].map((piece) => Buffer.from(piece)),
    );
    const bytes = fc
      .array(fc.oneof({ arbitrary: pieces, weight: 8 }, fc.uint8Array({ maxLength: 5 })), { maxLength: 30 })
      .map((parts) => Buffer.concat(parts));
    fc.assert(
      fc.property(anyVersion, bytes, places, (version, wire, cuts) => {
        expect(outcome(cutAt(wire, cuts), version)).toEqual(outcome([wire], version));
      }),
      { numRuns: 500 },
    );
  });
});

/** Frames until the end or the first error, and that error's code. */
function outcome(chunks: readonly Buffer[], version: Version): unknown[] {
  const decoder = decoderFor(version, smallLimits);
  const seen: unknown[] = [];
  try {
    for (const chunk of chunks) {
      decoder.push(chunk);
      for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) {
        seen.push([frame.command, frame.headers, frame.body.toString("hex")]);
      }
    }
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    seen.push("refused");
  }
  return seen;
}
