import fc from "fast-check";
import { expect, test } from "vitest";
import type { BindingSpec } from "./binding.ts";
import { BindingDecoder, encodeBinding } from "./binding-record.ts";
import { Exchange } from "./exchange.ts";
import { FanoutMatcher } from "./exchange-fanout.ts";
import { patterns } from "./pattern.arbitraries.ts";
import { patternFromKey } from "./pattern.ts";
import { headers } from "./value.arbitraries.ts";

const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined });

const specs: fc.Arbitrary<BindingSpec> = fc.record({
  key: fc.string({ unit: "grapheme" }),
  pattern: optional(patterns),
  match: optional(fc.record({ mode: fc.constantFrom("all" as const, "any-with-x" as const), headers })),
  subscription: optional(
    fc.record({
      qos: fc.constantFrom(0 as const, 1 as const, 2 as const),
      retainAsPublished: fc.boolean(),
      id: optional(fc.nat()),
      noLocalFor: optional(fc.string({ minLength: 1 })),
    }),
  ),
  extra: optional(fc.string()),
});

const decoder = new BindingDecoder();

test("a binding comes back as it was written, its pattern and its options too", () => {
  const names = fc.constantFrom("a", "ab", "b");
  fc.assert(
    fc.property(specs, names, names, (spec, from, to) => {
      const [source, exchange] = [exchangeOf(from), exchangeOf(to)];
      const pattern = spec.pattern ?? patternFromKey(spec.key);
      const record = encodeBinding({ source, destination: { kind: "exchange", exchange }, spec, pattern });

      const read = decoder.decode(record);
      expect([read.source, read.destination]).toEqual([from, { kind: "exchange", name: to }]);
      expect(shown(read.spec)).toEqual(shown(spec));
    }),
  );
});

function exchangeOf(name: string): Exchange {
  const options = { type: "fanout", durable: true, autoDelete: false, internal: false } as const;
  return new Exchange(name, options, new FanoutMatcher());
}

function shown({ pattern, subscription, ...rest }: BindingSpec): unknown {
  return { ...rest, subscription, levels: pattern?.levels, hidesReserved: pattern?.hidesReserved };
}
