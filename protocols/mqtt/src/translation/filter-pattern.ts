import { type BindingSpec, makePattern, MANY, ONE, type Subscription, tradeSeparators } from "@dragoman/core";

/** What a subscription selects: topics of one exchange. */
export interface FilteredSource {
  readonly exchange: string;
  /** Checked, without `$share/<group>/` and the prefix of a mount. */
  readonly filter: string;
}

/**
 * The binding that stands for a Topic Filter. Nothing in it is normalized [MQTT-4.7.3-4]; a wildcard in front
 * does not select topics that begin with "$" [MQTT-4.7.2-1].
 *
 * @param filter checked, without `$share/<group>/`
 */
export function filterBinding(filter: string, subscription: Subscription | undefined): BindingSpec {
  const levels = filter.split("/");
  const pattern = makePattern(
    levels.map((level) => (level === "+" ? ONE : level === "#" ? MANY : level)),
    true,
  );
  const key = tradeSeparators(levels.map((level) => (level === "+" ? "*" : level)).join("/"));
  return { key, pattern, subscription };
}
