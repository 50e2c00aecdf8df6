import { describe, expect, test } from "vitest";
import { equalValues, matchesHeaders } from "./exchange-headers.ts";
import { EQUALITIES, HEADER_MATCHES } from "./exchange-headers.vectors.ts";

describe("a headers exchange, AMQP 0-9-1 §3.1.3.4", () => {
  test.each([...HEADER_MATCHES])("$name", ({ match, present, isSelected }) => {
    expect(matchesHeaders(match, present)).toBe(isSelected);
  });
});

describe("values are compared by what they mean", () => {
  test.each(EQUALITIES.map(([a, b, isEqual]) => ({ a, b, isEqual })))(
    "$a and $b: $isEqual",
    ({ a, b, isEqual }) => {
      expect(equalValues(a, b)).toBe(isEqual);
      expect(equalValues(b, a)).toBe(isEqual);
    },
  );
});
