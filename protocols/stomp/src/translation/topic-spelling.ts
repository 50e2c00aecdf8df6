import { makePattern, MANY, ONE, type Pattern, type PatternLevel } from "@dragoman/core";
import { StompError } from "../stomp-error.ts";
import { decodePercent, encodePercent, percent } from "./percent-encoding.ts";

/** How a destination joins the levels of a topic: what follows `/topic/` has a "/" in it, or it has none. */
export type TopicStyle = "dot" | "slash";

const wildcards: ReadonlyMap<string, PatternLevel> = new Map<string, PatternLevel>([
  ["*", ONE],
  ["+", ONE],
  ["#", MANY],
  [">", MANY],
]);

/** The style that text is written in. */
export function topicStyle(text: string): TopicStyle {
  return text.includes("/") ? "slash" : "dot";
}

/**
 * The path of the topic that a destination names; wildcard characters are ordinary here.
 *
 * @throws StompError "bad-address"
 */
export function topicPath(text: string): string {
  return splitLevels(text)
    .map((level) => decodeLevel(level, text))
    .join("/");
}

/**
 * What a destination selects: "*" and "+" stand for one level, "#" and ">" for any number of them, wherever they
 * are a level of their own. Written as `%HH` they are ordinary.
 *
 * @throws StompError "bad-address"
 */
export function topicPattern(text: string): Pattern {
  const levels = splitLevels(text).map((level) => wildcards.get(level) ?? decodeLevel(level, text));
  return makePattern(levels, true);
}

/** Text that `topicPath` reads as that topic, in that style where it can be told from the other one. */
export function writeTopic(path: string, style: TopicStyle): string {
  const levels = path.split("/");
  const isDot = style === "dot" || levels.length === 1;
  return levels
    .map((level) => (wildcards.has(level) ? percent(level) : encodePercent(level, isDot ? "." : undefined)))
    .join(isDot ? "." : "/");
}

function splitLevels(text: string): string[] {
  return text === "" ? [] : text.split(topicStyle(text) === "dot" ? "." : "/");
}

/** A level never holds "/". In dot style `%2F` is the "." inside a level, as RabbitMQ's users write it. */
function decodeLevel(level: string, text: string): string {
  const decoded = decodePercent(level);
  if (!decoded.includes("/")) return decoded;
  if (topicStyle(text) === "dot") return decoded.replaceAll("/", ".");
  throw new StompError(
    "bad-address",
    "Invalid destination",
    `"%2F" in "${text}": a level of a topic cannot hold "/"`,
  );
}
