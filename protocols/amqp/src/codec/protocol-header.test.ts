import { describe, expect, test } from "vitest";
import { matchProtocolHeader, PROTOCOL_HEADER } from "./protocol-header.ts";

describe("the protocol header, AMQP 0-9-1 §4.2.2", () => {
  test.each([
    { name: "0-9-1", wire: PROTOCOL_HEADER, want: "0-9-1" },
    { name: "0-9-1 with a frame behind it", wire: Uint8Array.of(...PROTOCOL_HEADER, 1), want: "0-9-1" },
    { name: "0-9, taken for 0-9-1", wire: Buffer.from("AMQP\x01\x01\x00\x09"), want: "0-9-1" },
    { name: "nothing yet", wire: new Uint8Array(0), want: "incomplete" },
    { name: "a part", wire: PROTOCOL_HEADER.subarray(0, 5), want: "incomplete" },
    { name: "AMQP 1.0", wire: Buffer.from("AMQP\x00\x01\x00\x00"), want: "other" },
    { name: "0-8", wire: Buffer.from("AMQP\x01\x01\x08\x00"), want: "other" },
    { name: "another protocol, at its first byte", wire: Buffer.from("G"), want: "other" },
  ])("$name", ({ wire, want }) => {
    expect(matchProtocolHeader(wire)).toBe(want);
  });
});
