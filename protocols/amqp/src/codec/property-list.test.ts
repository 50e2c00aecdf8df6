import { BrokerError } from "@dragoman/core";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { FieldNames } from "./field-table-check.ts";
import { basicProperties } from "./properties.arbitraries.ts";
import { type BasicProperties, encodeProperties } from "./properties.ts";
import { PropertyList } from "./property-list.ts";

function bytes(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(" ", ""), "hex");
}

/** What is present, read property by property. */
function decoded(list: PropertyList): BasicProperties {
  const present = Object.entries(list.decodeAll()).filter(([, value]) => value !== undefined);
  return Object.fromEntries(present);
}

describe("content properties, AMQP 0-9-1 §4.2.6.1", () => {
  it("reads each of the fourteen where it lies", () => {
    const list = new PropertyList(
      bytes(
        "ff fc" +
          "01 61 01 62 00 00 00 04 01 63 74 01 02 09 01 64 01 65 02 31 30 01 66" +
          "00 00 00 00 00 00 00 07 01 67 01 68 01 69 01 6a",
      ),
    );

    expect(decoded(list)).toEqual({
      contentType: "a",
      contentEncoding: "b",
      headers: [["c", { type: "boolean", value: true }]],
      deliveryMode: 2,
      priority: 9,
      correlationId: "d",
      replyTo: "e",
      expiration: "10",
      messageId: "f",
      timestamp: 7n,
      type: "g",
      userId: "h",
      appId: "i",
      clusterId: "j",
    });
  });

  it("gives back every subset that was encoded, and keeps the bytes as they came", () => {
    fc.assert(
      fc.property(basicProperties, (properties) => {
        const wire = encodeProperties(properties);
        const list = new PropertyList(wire);

        expect(decoded(list)).toEqual(properties);
        const names = (properties.headers ?? []).slice(-1).map(([name]) => name);
        expect(list.hasHeaderNamed(new FieldNames(["other", ...names]))).toBe(names.length > 0);
        expect(list.hasHeaderNamed(new FieldNames(["no such name, and longer than any"]))).toBe(false);
        expect(list.bytes).toEqual(wire);
        expect(encodeProperties(list)).toEqual(wire);
      }),
    );
  });

  test.each([
    { name: "no flags", wire: "80" },
    { name: "a flag that announces more flags", wire: "80 01 00" },
    { name: "a flag without a meaning", wire: "80 02 00" },
    { name: "a text that is missing", wire: "80 00" },
    { name: "a text that passes the end", wire: "80 00 05 61" },
    { name: "an octet that is missing", wire: "10 00" },
    { name: "a timestamp cut short", wire: "00 40 00 00 00" },
    { name: "a table whose length lies", wire: "20 00 00 00 00 09 01 61 74 01" },
    { name: "a table with an unknown type", wire: "20 00 00 00 00 03 01 61 55" },
    { name: "bytes left over", wire: "80 00 01 61 00" },
  ])("refuses $name when it comes, not when it is read", ({ wire }) => {
    expect(() => new PropertyList(bytes(wire))).toThrow(BrokerError);
  });

  it("can be written again when their texts are not UTF-8, which makes them longer", () => {
    const odd = Buffer.alloc(255, 0xff);
    const field = Buffer.concat([Buffer.of(255), odd, Buffer.from("V")]);
    const tableLength = Buffer.of(0, 0, field.length >> 8, field.length & 0xff);
    const whole = Buffer.concat([Buffer.of(0x20, 0x80), tableLength, field, Buffer.of(255), odd]);

    const again = new PropertyList(encodeProperties(new PropertyList(whole).decodeAll()));

    const cut = "\ufffd".repeat(85);
    expect([again.messageId, again.headers]).toEqual([cut, [[cut, { type: "void" }]]]);
  });

  it("refuses to encode a text of more than 255 bytes", () => {
    expect(() => encodeProperties({ replyTo: "x".repeat(256) })).toThrow(BrokerError);
  });
});
