import type { ExchangeOptions, Matcher } from "./exchange.ts";
import { ConsistentHashMatcher } from "./exchange-consistent-hash.ts";
import { DirectMatcher } from "./exchange-direct.ts";
import { FanoutMatcher } from "./exchange-fanout.ts";
import { HeadersMatcher } from "./exchange-headers.ts";
import { RandomMatcher } from "./exchange-random.ts";
import { TopicMatcher } from "./exchange-topic.ts";

/** The one place that knows every type of exchange. */
export function makeMatcher({ type, hashHeader }: ExchangeOptions): Matcher {
  switch (type) {
    case "direct":
      return new DirectMatcher();
    case "fanout":
      return new FanoutMatcher();
    case "topic":
      return new TopicMatcher();
    case "headers":
      return new HeadersMatcher();
    case "consistent-hash":
      return new ConsistentHashMatcher(hashHeader);
    case "random":
      return new RandomMatcher();
  }
}
