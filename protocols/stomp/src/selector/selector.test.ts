import { BrokerError } from "@dragoman/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileSelector, type Lookup } from "./compile.ts";
import { matchesLike, parseLike } from "./like.ts";
import { parseSelector } from "./parser.ts";
import { headers, selections, senseless } from "./selector.vectors.ts";

function selects(selector: string, lookup: Lookup): boolean {
  return compileSelector(parseSelector(selector))(lookup);
}

describe("a selector (STOMP 1.0, SUBSCRIBE; JMS 2.0 §3.8)", () => {
  it.each(selections)("%s: %s", (selector, selected) => {
    expect(selects(selector, (name) => headers.get(name))).toBe(selected);
  });

  it.each(senseless.map((selector) => [selector]))("refuses %j", (selector) => {
    expect(() => parseSelector(selector)).toThrow(BrokerError);
  });

  it("refuses what is nested too deep or too long, before the stack ends", () => {
    for (const nested of ["(".repeat(5_000), "NOT ".repeat(2_000), "-".repeat(5_000), "x".repeat(9_000)]) {
      expect(() => parseSelector(nested)).toThrow(BrokerError);
    }
  });

  it("takes a long chain of alternatives", () => {
    const chain = Array.from({ length: 400 }, (_, index) => `x = '${index}'`).join(" OR ");
    expect(selects(chain, () => "399")).toBe(true);
  });

  it("made of random words gives a verdict or a BrokerError", () => {
    const words = fc.array(
      fc.constantFrom(
        ..."type weight missing 'car' 3 .5 ( ) AND OR NOT = <> < LIKE IN IS NULL BETWEEN + - * / , ESCAPE '!' TRUE".split(
          " ",
        ),
      ),
      { maxLength: 9 },
    );
    fc.assert(
      fc.property(words, (list) => {
        try {
          expect(typeof selects(list.join(" "), (name) => headers.get(name))).toBe("boolean");
        } catch (error) {
          expect(error).toBeInstanceOf(BrokerError);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("LIKE", () => {
  it("agrees with the regular expression of the same meaning", () => {
    const letters = fc
      .array(fc.constantFrom("a", "b", "%", "_"), { maxLength: 8 })
      .map((list) => list.join(""));
    fc.assert(
      fc.property(letters, letters, (text, pattern) => {
        const expected = new RegExp(`^${pattern.replaceAll("%", ".*").replaceAll("_", ".")}$`).test(text);
        expect(matchesLike(text, parseLike(pattern, undefined) ?? [])).toBe(expected);
      }),
      { numRuns: 2_000 },
    );
  });

  it("with many wildcards on long text ends soon", () => {
    expect(matchesLike("a".repeat(20_000), parseLike(`${"%a".repeat(100)}%b`, undefined) ?? [])).toBe(false);
  });
});
