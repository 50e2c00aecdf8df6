import type { LikePattern, LikeStep } from "./expression.ts";

/**
 * Reads a LIKE pattern: "%" stands for any text, "_" for any character, and what follows `escape` for itself.
 * Undefined when the pattern ends with the escape character.
 */
export function parseLike(text: string, escape: string | undefined): LikePattern | undefined {
  const steps: LikeStep[] = [];
  let isEscaped = false;
  for (const character of text) {
    if (!isEscaped && character === escape) {
      isEscaped = true;
      continue;
    }
    if (isEscaped || (character !== "%" && character !== "_")) steps.push({ kind: "character", character });
    else steps.push({ kind: character === "%" ? "many" : "one" });
    isEscaped = false;
  }
  return isEscaped ? undefined : steps;
}

/**
 * True when the whole text fits. Only the last "%" is ever tried again, so the time is at most the product of
 * the two lengths: no pattern can hang the broker.
 */
export function matchesLike(text: string, pattern: LikePattern): boolean {
  const characters = Array.from(text);
  let at = 0;
  let step = 0;
  let lastMany = -1;
  let retryAt = 0;
  while (at < characters.length) {
    const wanted = pattern[step];
    if (wanted?.kind === "many") {
      lastMany = step++;
      retryAt = at;
    } else if (wanted !== undefined && fits(wanted, characters[at])) {
      step++;
      at++;
    } else if (lastMany >= 0) {
      step = lastMany + 1;
      at = ++retryAt;
    } else {
      return false;
    }
  }
  while (pattern[step]?.kind === "many") step++;
  return step === pattern.length;
}

function fits(step: LikeStep, character: string | undefined): boolean {
  return step.kind === "one" || (step.kind === "character" && step.character === character);
}
