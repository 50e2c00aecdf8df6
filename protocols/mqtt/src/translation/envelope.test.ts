import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Properties } from "../codec/property.ts";
import { encloseInJson, type Enclosed, openJson } from "./envelope.ts";

const utf8 = (text: string): Buffer => Buffer.from(text);
/** Text as MQTT allows it: well-formed, without U+0000. */
const text = fc.string({ unit: "grapheme", maxLength: 8 }).map((some) => some.replaceAll("\0", "0"));
const bytes = fc.uint8Array({ maxLength: 12 }).map((some) => Buffer.from(some));

/** Each name once or in one row, and none that JSON would put first: the order of an object's keys is not ours. */
const userProperties = fc
  .uniqueArray(
    fc.tuple(
      text.map((name) => `n${name}`),
      fc.array(text, { minLength: 1, maxLength: 3 }),
    ),
    {
      selector: ([name]) => name,
      minLength: 1,
    },
  )
  .map((rows) => rows.flatMap(([name, values]) => values.map((value): [string, string] => [name, value])));

const properties: fc.Arbitrary<Properties> = fc.record(
  {
    contentType: text,
    payloadFormatIndicator: fc.constantFrom(0, 1),
    messageExpiryInterval: fc.nat(0xffff_ffff),
    responseTopic: text.map((name) => `t${name.replaceAll(/[+#]/g, "")}`),
    correlationData: bytes,
    userProperties,
  },
  { requiredKeys: [] },
);

const plain = ({ payload, properties: some }: Enclosed): unknown => ({
  ...some,
  correlationData: some.correlationData && Buffer.from(some.correlationData).toString("hex"),
  payload: Buffer.from(payload).toString("hex"),
});

describe("an envelope", () => {
  test("gives back what was put into it", () => {
    fc.assert(
      fc.property(bytes, properties, (payload, some) => {
        const opened = openJson(encloseInJson({ payload, properties: some }));
        expect(opened && plain(opened)).toEqual(plain({ payload, properties: some }));
      }),
    );
  });

  test("is JSON with the names of MQTT 5.0, and bytes that are no text in base64", () => {
    const pairs = [
      ["a", "1"],
      ["b", "2"],
      ["a", "3"],
    ] as const;
    const all = {
      contentType: "text/plain",
      messageExpiryInterval: 60,
      correlationData: Buffer.from([0xff]),
      userProperties: pairs,
    };

    expect(JSON.parse(encloseInJson({ payload: utf8("größe"), properties: all }).toString())).toEqual({
      contentType: "text/plain",
      messageExpiryInterval: 60,
      correlationDataBase64: "/w==",
      userProperties: { a: ["1", "3"], b: "2" },
      payload: "größe",
    });
  });

  test.each([
    "",
    "21.5",
    "{",
    "null",
    "[]",
    "{}",
    '{"temperature":21}',
    '{"payload":21}',
    '{"payload":"x","colour":"blue"}',
    '{"payload":"x","payloadBase64":"eA=="}',
    '{"payloadBase64":"no base64"}',
    '{"payload":"x","contentType":1}',
    '{"payload":"x","contentType":"\\u0000"}',
    '{"payload":"x","messageExpiryInterval":-1}',
    '{"payload":"x","payloadFormatIndicator":2}',
    '{"payload":"x","responseTopic":"a/#"}',
    '{"payload":"x","userProperties":{"a":1}}',
    '{"payload":"x","userProperties":[["a","b"]]}',
  ])("is not %j", (given) => {
    expect(openJson(utf8(given))).toBeUndefined();
  });

  test("is no bytes at random", () => {
    fc.assert(fc.property(fc.uint8Array(), (given) => openJson(given) === undefined));
    expect(openJson(utf8("[".repeat(1_000_000)))).toBeUndefined();
  });
});
