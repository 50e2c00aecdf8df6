import { BrokerError, ByteWriter } from "@dragoman/core";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { AmqpError } from "./amqp-error.ts";
import { FrameSplitter } from "./frame-splitter.ts";
import { decodeMethod, writeMethod } from "./method.ts";
import { anyMethod } from "./methods/methods.arbitraries.ts";
import type { Method } from "./methods/methods.generated.ts";
import { methodVectors } from "./methods/methods.vectors.ts";

function bytes(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(" ", ""), "hex");
}

function frameOf(channel: number, method: Method): FrameSplitter {
  const writer = new ByteWriter(16);
  writeMethod(writer, channel, method);
  const splitter = new FrameSplitter(0);
  splitter.push(writer.finish());
  splitter.next();
  return splitter;
}

describe("methods, AMQP 0-9-1 §4.2.4", () => {
  test.each(methodVectors)("$want.name stands on the wire as the specification has it", ({ wire, want }) => {
    expect(decodeMethod(bytes(wire))).toEqual(want);
    expect(frameOf(9, want).payload).toEqual(bytes(wire));
  });

  it("gives back every method that was encoded, on its channel", () => {
    fc.assert(
      fc.property(anyMethod, fc.integer({ min: 0, max: 65535 }), (method, channel) => {
        const frame = frameOf(channel, method);

        expect(frame).toMatchObject({ type: 1, channel });
        expect(decodeMethod(frame.payload)).toEqual(method);
      }),
      { numRuns: 1_000 },
    );
  });

  test.each([
    { name: "a class that does not exist", wire: "0063 000a", reply: "command-invalid" },
    { name: "a method that does not exist", wire: "003c 0063", reply: "command-invalid" },
    { name: "bytes left over", wire: "005a 0014 00", reply: "syntax-error" },
  ])("answers $name with $reply", ({ wire, reply }) => {
    expect(() => decodeMethod(bytes(wire))).toThrow(
      expect.toSatisfy((error) => error instanceof AmqpError && error.reply === reply),
    );
  });

  test.each([
    { name: "no method number", wire: "003c" },
    { name: "arguments that end early", wire: "003c 0050 0000" },
    { name: "a short string that is not UTF-8", wire: "003c 0028 0000 01ff 00 00" },
  ])("refuses $name", ({ wire }) => {
    expect(() => decodeMethod(bytes(wire))).toThrow(BrokerError);
  });

  it("throws nothing but BrokerError for any bytes", () => {
    const looksReal = fc
      .tuple(fc.constantFrom(...methodVectors), fc.uint8Array({ maxLength: 60 }))
      .map(([{ wire }, rest]) => Buffer.concat([bytes(wire).subarray(0, 4), rest]));

    fc.assert(
      fc.property(fc.oneof(looksReal, fc.uint8Array({ maxLength: 80 })), (payload) => {
        try {
          decodeMethod(payload);
        } catch (error) {
          expect(error).toBeInstanceOf(BrokerError);
        }
      }),
      { numRuns: 5_000 },
    );
  });
});
