import { ByteReader, ByteWriter } from "@dragoman/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { propertiesArbitrary } from "./packet.arbitraries.ts";
import { decodeProperties, encodeProperties, readPropertyBytes, writeProperties } from "./properties.ts";
import { properties } from "./property.ts";

test("the table holds each of the 27 properties once, in the order of table 2-4", () => {
  const ids = properties.map(({ id }) => id);

  expect(ids).toHaveLength(27);
  expect(ids).toEqual([...new Set(ids)].toSorted((a, b) => a - b));
});

test("a PUBLISH's property bytes are checked without being decoded, and decode later to what was written", () => {
  fc.assert(
    fc.property(propertiesArbitrary("publish", 5), (values) => {
      const writer = new ByteWriter();
      writeProperties(writer, values);

      const bytes = readPropertyBytes(new ByteReader(writer.finish()), "publish");

      expect(bytes).toEqual(encodeProperties(values));
      expect(decodeProperties(bytes, "publish")).toEqual(values);
    }),
  );
});

test("no properties are one zero [MQTT-2.2.2-1]", () => {
  const writer = new ByteWriter();
  writeProperties(writer, {});

  expect([...writer.finish()]).toEqual([0]);
});
