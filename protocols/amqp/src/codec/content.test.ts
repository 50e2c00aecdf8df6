import { BrokerError, ByteWriter } from "@dragoman/core";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { decodeContentHeader, writeContent } from "./content.ts";
import { FrameSplitter } from "./frame-splitter.ts";

const PROPERTIES = Uint8Array.of(0x10, 0, 2);

function frames(body: Uint8Array, frameMax: number): { type: number; channel: number; payload: Buffer }[] {
  const writer = new ByteWriter();
  writeContent(writer, 5, PROPERTIES, body, frameMax);
  const splitter = new FrameSplitter(0);
  splitter.push(writer.finish());
  const found = [];
  while (splitter.next()) {
    found.push({ type: splitter.type, channel: splitter.channel, payload: splitter.payload });
  }
  return found;
}

describe("content, AMQP 0-9-1 §4.2.6", () => {
  it("is a header with the body's size and the properties as they came, then the body", () => {
    const [header, ...body] = frames(Buffer.from("hello"), 4096);

    expect(header).toMatchObject({ type: 2, channel: 5 });
    const payload = header?.payload ?? Buffer.alloc(0);
    expect(decodeContentHeader(payload, 0, payload.length)).toEqual({
      classId: 60,
      bodySize: 5,
      propertiesAt: 12,
    });
    expect(payload.subarray(12)).toEqual(Buffer.from(PROPERTIES));
    expect(body).toEqual([{ type: 3, channel: 5, payload: Buffer.from("hello") }]);
  });

  it("has no body frame when the body is empty", () => {
    expect(frames(new Uint8Array(0), 4096)).toHaveLength(1);
    expect(frames(new Uint8Array(0), 0)).toHaveLength(1);
  });

  it("is cut by frame-max, which counts the frame's own eight bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 9, max: 80 }), (body, frameMax) => {
        const [, ...parts] = frames(body, frameMax);

        expect(Buffer.concat(parts.map(({ payload }) => payload))).toEqual(Buffer.from(body));
        expect(parts).toHaveLength(Math.ceil(body.length / (frameMax - 8)));
      }),
    );
  });

  it("is in one piece without a limit", () => {
    expect(frames(new Uint8Array(200_000), 0)).toHaveLength(2);
  });

  test.each([
    { name: "a header that is too short", wire: "003c 0000 0000000000000000 00" },
    { name: "a header with a weight", wire: "003c 0001 0000000000000000 0000" },
  ])("refuses $name", ({ wire }) => {
    const payload = Buffer.from(wire.replaceAll(" ", ""), "hex");

    expect(() => decodeContentHeader(payload, 0, payload.length)).toThrow(BrokerError);
  });
});
