import { BrokerError, ByteReader, ByteWriter } from "@dragoman/core";
import { expect, test } from "vitest";
import { readText, writeText } from "./text.ts";

test("a text of 65 535 bytes is the longest [MQTT-4.7.3-3]", () => {
  const writer = new ByteWriter();
  writeText(writer, "x".repeat(65_535));

  expect(readText(new ByteReader(writer.finish()))).toHaveLength(65_535);
  expect(() => writeText(new ByteWriter(), `${"x".repeat(65_534)}é`)).toThrow(BrokerError);
});
