/**
 * True when everything that `asked` selects is also selected by `granted`. Both are paths, levels joined
 * by "/"; in `granted`, "+" stands for one level and a final "#" for any number of levels, none included.
 *
 * @param asked a topic, or with `wildcards` a pattern, in which "+" and "*" stand for one level and "#"
 *   for any number
 */
export function coversTopic(granted: string, asked: string, wildcards: boolean): boolean {
  const grantedLevels = granted.split("/");
  const askedLevels = asked.split("/");
  for (const [at, level] of grantedLevels.entries()) {
    if (level === "#") return true;
    const wanted = askedLevels[at];
    if (wanted === undefined || (wildcards && wanted === "#")) return false;
    if (level !== "+" && (level !== wanted || (wildcards && isOneLevelWildcard(wanted)))) return false;
  }
  return askedLevels.length === grantedLevels.length;
}

/** Whether a filter can be granted: "#" stands last, and wildcards stand alone in their level. */
export function isTopicFilter(filter: string): boolean {
  const levels = filter.split("/");
  return levels.every(
    (level, at) => !/[+#]/.test(level) || level === "+" || (level === "#" && at === levels.length - 1),
  );
}

function isOneLevelWildcard(level: string): boolean {
  return level === "+" || level === "*";
}
