import fc from "fast-check";
import { expect, test } from "vitest";
import type { Address } from "./address.ts";
import { CORE_PROPERTIES, encodeCoreProperties } from "./core-properties.ts";
import type { Properties } from "./properties.ts";
import { Topic } from "./topic.ts";
import { headers } from "./value.arbitraries.ts";

const addresses = fc.constantFrom<(Address | undefined)[]>(
  { kind: "topic", topic: new Topic("a/b") },
  { kind: "queue", name: "q" },
  { kind: "exchange", exchange: "e", topic: new Topic("k") },
  undefined,
);
const text = fc.string({ unit: "binary" });
const properties: fc.Arbitrary<Properties> = fc.record(
  {
    contentType: text,
    contentEncoding: text,
    utf8: fc.boolean(),
    headers,
    correlation: fc.record({ bytes: fc.uint8Array(), isText: fc.boolean() }),
    replyTo: fc.record({ address: addresses, raw: text }),
    messageId: text,
    type: text,
    appId: text,
    claimedUserId: text,
    timestamp: fc.record({ value: fc.nat(), unit: fc.constantFrom("s" as const, "ms" as const) }),
  },
  { requiredKeys: ["headers"] },
);

test("properties that the core writes come back as they were", () => {
  fc.assert(
    fc.property(properties, (written) => {
      expect(CORE_PROPERTIES.decode(encodeCoreProperties(written))).toEqual(written);
    }),
  );
});

test("no bytes are no properties", () => {
  expect(CORE_PROPERTIES.decode(new Uint8Array())).toEqual({ headers: [] });
});
