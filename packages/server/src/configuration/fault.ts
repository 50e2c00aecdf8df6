import { StartError } from "../start-error.ts";

/** One thing that is wrong with the configuration. */
export interface Fault {
  /** Flag, variable, or file and line. */
  readonly where: string;
  /** What is wrong, and what would be good. */
  readonly what: string;
}

/** All faults in one error, a line each. */
export function faultsError(faults: readonly Fault[]): StartError {
  const lines = faults.map(({ where, what }) => `${where}: ${what}`);
  if (lines.length === 1) return new StartError(`bad configuration: ${lines.join("")}`);
  return new StartError(`bad configuration:\n  ${lines.join("\n  ")}`);
}

/** ` Did you mean 'x'?`, or nothing when no known word is near. */
export function suggestion(word: string, known: readonly string[]): string {
  const plain = normalize(word);
  const near = known
    .map((candidate) => ({ candidate, distance: editDistance(plain, normalize(candidate)) }))
    .filter(({ distance }) => distance <= 2)
    .toSorted((a, b) => a.distance - b.distance)[0];
  return near === undefined ? "" : `; did you mean '${near.candidate}'?`;
}

function normalize(word: string): string {
  return word.replaceAll(/[-_]/g, "").toLowerCase();
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (const [i, letter] of Array.from(a).entries()) {
    const next = [i + 1];
    for (const [j, other] of Array.from(b).entries()) {
      const replaced = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
